//! The form of a message.

use lettre::message::Mailbox;
use ports::Mail;

use super::{mail, wire};
use crate::message::compose;

fn composed(mail: &Mail) -> String {
    let from: Mailbox = "Mainstay <no-reply@example.com>".parse().unwrap();
    String::from_utf8(compose(&from, mail).unwrap().formatted()).unwrap()
}

#[test]
fn the_message_id_is_the_mails_id_at_our_domain() {
    let text = composed(&mail("ada@example.com"));
    assert!(text.contains("Message-ID: <00000000-0000-0000-0000-000000000007@example.com>\r\n"), "{text}");
    assert!(text.contains("From: Mainstay <no-reply@example.com>\r\n"), "{text}");
}

#[test]
fn a_line_break_in_a_subject_begins_no_header() {
    for attack in [
        "Hi\r\nBcc: eve@example.com",
        "Hi\nBcc: eve@example.com",
        "Hi\rBcc: eve@example.com",
        "Hi\r\n\r\nBcc: eve@example.com",
        "Hi\r\n Bcc: eve@example.com",
        "Hü\r\nBcc: eve@example.com",
    ] {
        let text = composed(&Mail { subject: attack.to_owned(), ..mail("ada@example.com") });
        let (headers, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{headers}");
        assert!(headers.contains("\r\nTo: ada@example.com\r\n") && headers.contains("\r\nMIME-Version: 1.0"));
        assert!(!wire::read(&text).subject.contains(char::is_control), "{headers}");
    }
}
