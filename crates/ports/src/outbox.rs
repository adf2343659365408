//! The outbox: events that commit with what caused them and are told afterwards.

use async_trait::async_trait;
use domain::EventEnvelope;
use uuid::Uuid;

use crate::Result;

/// Writing events.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Writes an event. It is published once the unit of work has committed, and never otherwise.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn append(&self, id: i64, event: &EventEnvelope) -> Result<()>;
}

/// An event that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    /// Its key in the outbox.
    pub id: i64,
    /// The event.
    pub event: EventEnvelope,
}

/// The relay's side. Rows are found by their unpublished state, never by `id > last`: a transaction that
/// commits late has a small id.
#[async_trait]
pub trait OutboxRelay: Send + Sync {
    /// Takes unpublished rows that nobody holds, oldest first. A row stays while an older one of its subject is
    /// in somebody's hands.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn take(&self, holder: Uuid, limit: u64) -> Result<Vec<OutboxRow>>;
    /// Removes published rows.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn published(&self, ids: &[i64]) -> Result<()>;
    /// Gives rows back that could not be published.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn give_back(&self, ids: &[i64]) -> Result<()>;
    /// Gives back everything a fallen holder took. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn rescue(&self, holder: Uuid) -> Result<u64>;
}
