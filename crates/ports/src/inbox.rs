//! The inbox: which events a consumer has dealt with.

use async_trait::async_trait;
use domain::Timestamp;
use uuid::Uuid;

use crate::Result;

/// Brokers deliver at least once. A consumer notes the event in the unit of work that holds its effect: then the
/// effect happens once, however often the event is told.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Notes that a consumer deals with an event in this unit of work. False when it has done so before; a unit of
    /// work that is doing it at this moment is waited for. Consumers do not know of each other.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn accept(&self, consumer: &str, event: Uuid, now: Timestamp) -> Result<bool>;
    /// Forgets what was noted before `before`, at most `limit`, but for events that are still in the outbox and may
    /// be told again. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64>;
}
