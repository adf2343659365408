//! The outbox: events that commit with what caused them and are told afterwards.

use async_trait::async_trait;
use domain::{EventEnvelope, Timestamp};
use uuid::Uuid;

use crate::{Order, Page, PageOf, Result, SortKey};

/// Writing events, and deciding about dead letters.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Writes an event. It is published once the unit of work has committed, and never otherwise.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn append(&self, id: i64, event: &EventEnvelope) -> Result<()>;
    /// Lets a dead letter wait to be published again, with all its tries before it.
    ///
    /// # Errors
    /// `NotFound` when no dead letter is that event; `Unavailable`.
    async fn revive(&self, event: Uuid) -> Result<()>;
    /// Removes a dead letter for good.
    ///
    /// # Errors
    /// As [`Outbox::revive`].
    async fn discard(&self, event: Uuid) -> Result<()>;
    /// Removes up to `limit` dead letters that died before this moment, for good. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn purge_dead(&self, before: Timestamp, limit: u64) -> Result<u64>;
}

/// A share of all subjects that one relay serves at a time. The token rises whenever it changes hands; whoever
/// writes under an older one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Which.
    pub number: i16,
    /// The fencing token.
    pub token: i64,
}

/// An event that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    /// Its key in the outbox.
    pub id: i64,
    /// How often a broker has refused it.
    pub refusals: i32,
    /// The event.
    pub event: EventEnvelope,
}

/// How it goes on with an event that was not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setback {
    /// The broker was away, which is not held against the event.
    Away {
        /// Not before this.
        until: Timestamp,
    },
    /// The broker refused it.
    Refused {
        /// Not before this.
        until: Timestamp,
    },
    /// The broker refused it once too often: it is a dead letter.
    Dead,
}

/// An event that was not published, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpublished {
    /// Its key in the outbox.
    pub id: i64,
    /// The event's own id, which operators name it by.
    pub event: Uuid,
    /// For operators.
    pub reason: String,
    /// What follows.
    pub setback: Setback,
}

/// The relay's side. All events of a subject lie in one partition, and a partition is one relay's at a time: this
/// is what keeps them in order.
///
/// Rows are found by their unpublished state, never by `id > last`: a transaction that commits late has a small id.
#[async_trait]
pub trait OutboxRelay: Send + Sync {
    /// Counts the holder among the relays, and brings its partitions to its share: takes free ones, or gives some
    /// up when there are more relays than before. To be called again and again, between batches. Within a few
    /// calls of all relays each partition has a holder, and no relay has more than its part, rounded up.
    /// Which ones are the holder's now.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn share(&self, holder: Uuid) -> Result<Vec<Partition>>;
    /// Waiting events of these partitions, oldest first. An event that is not due yet holds up those of its
    /// subject that are younger, and no others; a dead letter holds up none. Nothing from a partition that has
    /// changed hands. Asked twice, it gives the same rows twice.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn take(&self, mine: &[Partition], limit: u64, now: Timestamp) -> Result<Vec<OutboxRow>>;
    /// Removes published rows.
    ///
    /// # Errors
    /// `Precondition` when a row was not there, or its partition has changed hands; the others are removed.
    async fn published(&self, mine: &[Partition], ids: &[i64]) -> Result<()>;
    /// Notes what was not published.
    ///
    /// # Errors
    /// As [`OutboxRelay::published`].
    async fn unpublished(&self, mine: &[Partition], rows: &[Unpublished], now: Timestamp) -> Result<()>;
    /// Frees the partitions of a holder that fell or stops, and no longer counts it among the relays. How many
    /// partitions it had.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn rescue(&self, holder: Uuid) -> Result<u64>;
}

/// An event that nobody tries to publish any more.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// Its key in the outbox.
    pub id: i64,
    /// The event.
    pub event: EventEnvelope,
    /// How often it was refused.
    pub refusals: i32,
    /// Why it was refused last.
    pub reason: Option<String>,
    /// Since when it is dead.
    pub died_at: Option<Timestamp>,
}

/// How much lies in the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxDepth {
    /// Events that wait to be published.
    pub waiting: u64,
    /// When the oldest of them happened.
    pub oldest: Option<Timestamp>,
    /// Dead letters.
    pub dead: u64,
}

/// What dead letters can be sorted by: `createdAt`, when the event was written.
pub const DEAD_LETTER_ORDERS: &[Order] = &[&[SortKey::asc("createdAt")]];

/// Looking at the outbox.
#[async_trait]
pub trait OutboxQueries: Send + Sync {
    /// How much waits, and since when.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn depth(&self) -> Result<OutboxDepth>;
    /// Dead letters, in one of [`DEAD_LETTER_ORDERS`] or its reverse.
    ///
    /// # Errors
    /// `Unsupported` for another order, or a position with more or fewer keys; `Unavailable`.
    async fn dead_letters(&self, page: &Page) -> Result<PageOf<DeadLetter>>;
}
