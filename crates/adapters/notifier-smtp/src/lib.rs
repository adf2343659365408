//! Mail through an SMTP server (RFC 5321).
//!
//! **Invariant:** the password of the URL is in no error and in no `Debug` output, and nothing of a mail can
//! become a header of its own. It does not know what a mail is about or who asked for it.

mod idle;
mod message;
mod server;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use lettre::Message;
use lettre::message::Mailbox;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use ports::{Error, Kind, Mail, Mailer, Result};
use tokio::time::timeout;

use crate::idle::Idle;
use crate::server::Server;

/// For reaching the server, and again for handing over one mail. RFC 5321, section 4.5.3.2, would wait minutes;
/// here a job waits, and is tried again with the same Message-ID.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hands mails to one SMTP server.
pub struct SmtpMailer {
    server: Server,
    from: Mailbox,
    idle: Idle,
}

impl SmtpMailer {
    /// Reads the address of the server; the first mail connects. Forms:
    /// - `smtp://[user:password@]host[:587][?starttls=required|opportunistic|off]`. Without the parameter
    ///   STARTTLS is required, but only opportunistic on this very host.
    /// - `smtps://[user:password@]host[:465]`: TLS from the first byte (RFC 8314, section 3.3).
    ///
    /// `from` is an address, or a name and an address as in `Mainstay <no-reply@example.com>`.
    ///
    /// # Errors
    /// `Internal` when one of them can't be read; the text says why.
    pub fn connect(url: &str, from: &str) -> Result<Self> {
        let from: Mailbox =
            from.parse().map_err(|error| configured(format!("the sender's address: {error}")))?;
        let server = Server::parse(url, from.email.domain())?;
        Ok(Self { server, from, idle: Idle::default() })
    }

    /// A connection on which the server answers.
    async fn connection(&self) -> Result<AsyncSmtpConnection> {
        while let Some(mut connection) = self.idle.take() {
            if timeout(PATIENCE, connection.test_connected()).await == Ok(true) {
                return Ok(connection);
            }
        }
        match timeout(PATIENCE, self.server.dial()).await {
            Ok(Ok(connection)) => Ok(connection),
            // A refusal at this point, even a final one, is about the server or our password, not about a mail.
            Ok(Err(error)) => Err(Error::with(Kind::Unavailable, "connect to the mail server", error)),
            Err(elapsed) => Err(Error::with(Kind::Unavailable, "connect to the mail server", elapsed)),
        }
    }

    async fn hand_over(&self, message: &Message) -> Result<()> {
        let mut connection = self.connection().await?;
        let text = message.formatted();
        match timeout(PATIENCE, connection.send(message.envelope(), &text)).await {
            Ok(Ok(_)) => {
                self.idle.keep(connection);
                Ok(())
            }
            Ok(Err(error)) => Err(Error::with(kind_of(&error), "send a mail", error)),
            Err(elapsed) => Err(Error::with(Kind::Unavailable, "send a mail", elapsed)),
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<()> {
        self.hand_over(&message::compose(&self.from, mail)?).await
    }

    async fn check(&self) -> Result<()> {
        let connection = self.connection().await?;
        self.idle.keep(connection);
        Ok(())
    }
}

/// A client error says that this server can't take this mail: it lacks an extension that the mail needs.
fn kind_of(error: &lettre::transport::smtp::Error) -> Kind {
    if error.is_permanent() || error.is_client() { Kind::Conflict } else { Kind::Unavailable }
}

/// An error in what the operator configured.
fn configured(reason: String) -> Error {
    Error::with(Kind::Internal, "read the mail server's address", reason)
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer").field("server", &self.server).finish_non_exhaustive()
    }
}
