//! Requests that are sent again: who has reserved a key, and what was answered.

use async_trait::async_trait;
use domain::Timestamp;

use crate::Result;

/// Asking for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// 32 bytes that stand for caller, method, path and key.
    pub key: Vec<u8>,
    /// 32 bytes that stand for what was sent under it.
    pub fingerprint: Vec<u8>,
    /// A number that no other reservation asks with; larger than those before it, as far as clocks agree.
    pub token: i64,
    /// Now.
    pub now: Timestamp,
    /// From then on another request may take the key over, unless it has been answered.
    pub lease_until: Timestamp,
    /// From then on the key counts as never used.
    pub keep_until: Timestamp,
}

/// What became of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// The key is the asker's, under this token.
    Granted {
        /// Names the reservation when it is answered or given up.
        token: i64,
    },
    /// The same was sent before, and answered so.
    Answered(Answer),
    /// The same was sent before, and is being worked on.
    Running,
    /// Something else was sent under this key.
    Different,
}

/// An answer, as opaque as a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// 65,535 bytes at most.
    pub body: Vec<u8>,
}

/// Keys of requests. Each is held under a token that only grows, whoever takes it over: an earlier holder's answer
/// is refused. Outside a unit of work each call commits by itself; inside, it commits with the unit.
#[async_trait]
pub trait IdempotencyKeys: Send + Sync {
    /// Grants a key that nobody has used, whose holder has given it up or let its lease run out without an answer,
    /// or that is kept no longer. Of many that ask at once one gets it. Not to be called inside a unit of work.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn reserve(&self, reservation: &Reservation) -> Result<Reserved>;
    /// Keeps the answer until the key is kept no longer.
    ///
    /// # Errors
    /// `Precondition` when the key has been answered, or is not held under this token any more.
    async fn answer(&self, key: &[u8], token: i64, answer: &Answer) -> Result<()>;
    /// Gives up a key that is held under this token and not answered; anything else is left as it is.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn release(&self, key: &[u8], token: i64) -> Result<()>;
    /// Removes keys that were kept until before `before`; at most `limit`. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64>;
}
