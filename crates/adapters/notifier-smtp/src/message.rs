//! A mail in its Internet form (RFC 5322, MIME).

use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use ports::{Error, Kind, Mail, Result};
use url::Host;

/// Text and HTML as alternatives, under the mail's own Message-ID: each try to send it is the same mail.
pub(crate) fn compose(from: &Mailbox, mail: &Mail) -> Result<Message> {
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, recipient(mail)?))
        .subject(one_line(&mail.subject))
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
        .map_err(impossible)
}

/// The domain goes out in its ASCII form (RFC 5891), which every server understands.
fn recipient(mail: &Mail) -> Result<Address> {
    let (local, domain) = mail.to.as_str().rsplit_once('@').unwrap_or_default();
    let domain = Host::parse(domain).map_err(impossible)?;
    Address::new(local, domain.to_string()).map_err(impossible)
}

/// A line break in a subject would be the beginning of another header; encoded, it would still come out as one.
fn one_line(subject: &str) -> String {
    subject.replace(char::is_control, " ")
}

/// No server would take such a mail, now or later.
fn impossible(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::with(Kind::Conflict, "compose a mail", error)
}
