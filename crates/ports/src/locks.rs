//! One at a time, over all processes.

use std::time::Duration;

use async_trait::async_trait;

use crate::Result;

/// A lock that was taken, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Which lock.
    pub name: String,
    /// Fencing token: larger than that of every earlier lease on this name.
    pub token: i64,
}

/// Locks with an end. A lock alone protects nothing: its holder may be stopped for longer than the lease lasts and
/// then go on, believing that it still holds it. What protects is that whatever is written asks for the token, see
/// [`Fences`].
#[async_trait]
pub trait Locks: Send + Sync {
    /// Takes the lock for `ttl` of the server's clock; `None` while somebody holds it. Of several who try at the same
    /// time one gets it. Tokens grow per name: also over expiry, release and restarts of all processes.
    ///
    /// # Errors
    /// `Unavailable`: it may have been taken, and nobody has it until its time is over.
    async fn acquire(&self, name: &str, ttl: Duration) -> Result<Option<Lease>>;

    /// Holds it for `ttl` from now on.
    ///
    /// # Errors
    /// `Precondition` when it is not held under this token any more: its time was over, or it was released; it is
    /// not taken again. `Unavailable`: it may or may not be held longer.
    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<()>;

    /// Lets go. Succeeds, and changes nothing, when it is not held under this token any more.
    ///
    /// # Errors
    /// `Unavailable`: it may be held until its time is over.
    async fn release(&self, lease: &Lease) -> Result<()>;
}

/// The guard in front of what a lock protects: whoever was overtaken does not get through.
#[async_trait]
pub trait Fences: Send + Sync {
    /// Lets a unit of work through under the token of its lease. Once it has committed, smaller tokens of the name
    /// are refused for good, whichever [`Locks`] gave them out. A unit of work that has passed and one with another
    /// token of the name do not overlap: the later one waits for the end of the earlier.
    ///
    /// # Errors
    /// `Precondition` when a larger token was given out by the same database or has passed already.
    async fn pass(&self, lease: &Lease) -> Result<()>;
}
