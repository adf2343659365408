//! Sending mail, and the mailbox that captures it in development.

use async_trait::async_trait;
use domain::{Email, Timestamp};
use uuid::Uuid;

use crate::Result;

/// A mail that is ready to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Equal for every try to send the same mail; becomes the Message-ID, so that receivers can drop doubles.
    pub id: Uuid,
    /// To whom.
    pub to: Email,
    /// Subject, one line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML.
    pub html: String,
}

/// Hands a mail over to be delivered.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Returns when the next server (or the mailbox) has taken responsibility for the mail.
    ///
    /// # Errors
    /// `Unavailable` when it can't be reached, times out or defers (4xx); `Conflict` when it refuses for good
    /// (5xx): trying again will not help.
    async fn send(&self, mail: &Mail) -> Result<()>;
    /// Answers when the next server answers.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    async fn check(&self) -> Result<()>;
}

/// A captured mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// The mail.
    pub mail: Mail,
    /// When it was captured.
    pub created_at: Timestamp,
}

/// Where `capture://` keeps mails.
#[async_trait]
pub trait Mailbox: Send + Sync {
    /// Keeps a mail; the same id again changes nothing.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn keep(&self, mail: &Mail, now: Timestamp) -> Result<()>;
    /// The newest mails, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn newest(&self, limit: u64) -> Result<Vec<Captured>>;
}
