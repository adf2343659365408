//! What a process knows of its siblings.

use async_trait::async_trait;
use uuid::Uuid;

use crate::Result;

/// This process among those that share the database.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// The id this process claims jobs and events under; new with each start.
    fn holder(&self) -> Uuid;

    /// The node id of this process, 0 to 1023: no other process has it at the same time.
    ///
    /// # Errors
    /// `Unavailable` when its lease has run out on this process's own clock.
    fn node(&self) -> Result<u16>;

    /// True only while no other process can have committed anything since this one last looked: what it
    /// remembers of the database then still holds without asking. False whenever in doubt.
    fn is_sole(&self) -> bool;

    /// Holders whose heartbeat has stood still for a lease, seen on this process's own monotonic clock and
    /// counted anew after each failure to reach the database, together with holders of work that are not
    /// registered any more. They are to be rescued.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    async fn fallen(&self) -> Result<Vec<Uuid>>;

    /// Gives the node id back, so that the next start need not wait for the lease to run out.
    /// Calling it twice succeeds.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    async fn leave(&self) -> Result<()>;
}
