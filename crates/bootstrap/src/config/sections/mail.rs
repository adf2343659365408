//! Outgoing mail.

use crate::config::{SecretUrl, Sender, section::section};

section! {
    /// How mails leave.
    pub struct MailConfig in mail {
        /// Mail server; `capture://` keeps mails for /dev/mailbox instead, not in production.
        url: SecretUrl = Fixed("capture://");
        /// Sender of every mail, `Name <user@host>`.
        from: Sender = Fixed("Mainstay <no-reply@localhost>");
    }
}
