//! Open connections between two mails.
//!
//! lettre's own pool takes a connection back even when its user gave up in the middle of a conversation; the
//! next mail would then read the answers meant for the previous one. Here only a connection whose conversation
//! ended well comes back: whatever else happens to it, it is dropped and thereby closed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::transport::smtp::client::AsyncSmtpConnection;

const MOST: usize = 4;
const LONGEST: Duration = Duration::from_mins(1);

/// A few connections, the newest on top.
#[derive(Default)]
pub(crate) struct Idle(Mutex<Vec<(Instant, AsyncSmtpConnection)>>);

impl Idle {
    /// The newest connection. Those that have been idle for too long end with this call.
    pub(crate) fn take(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(since, _)| since.elapsed() < LONGEST);
        idle.pop().map(|(_, connection)| connection)
    }

    /// Keeps a connection for the next mail, if there is room.
    pub(crate) fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST {
            idle.push((Instant::now(), connection));
        }
    }
}
