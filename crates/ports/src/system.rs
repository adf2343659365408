//! Time, randomness and ids, so that tests own them.

use domain::Timestamp;
use uuid::Uuid;

use crate::Result;

/// Wall clock.
pub trait Clock: Send + Sync {
    /// Now, cut to milliseconds. Two calls may give the same value; a later call gives an earlier one only
    /// when the operating system's clock was set back.
    fn now(&self) -> Timestamp;
}

/// Cryptographically secure randomness.
pub trait Random: Send + Sync {
    /// Fills the whole buffer. Two calls never give the same 16 bytes or more.
    ///
    /// # Errors
    /// `Unavailable` when the operating system gives none.
    fn fill(&self, buffer: &mut [u8]) -> Result<()>;
}

/// Identifiers.
pub trait Ids: Send + Sync {
    /// A 64-bit snowflake: positive, unique over all nodes that share a database, growing on one node.
    ///
    /// # Errors
    /// `Unavailable` while this process holds no node id (its lease ran out and the database is away):
    /// an id made now could collide with another node's.
    fn snowflake(&self) -> Result<i64>;

    /// A UUIDv7 (RFC 9562, section 5.7): unique, growing on one node.
    ///
    /// # Errors
    /// `Unavailable` when there is no randomness.
    fn uuid(&self) -> Result<Uuid>;
}
