//! The columns every aggregate's row shares.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A moment in UTC. Clocks hand it out cut to milliseconds, so that a value read back from any database
/// equals the one written.
pub type Timestamp = DateTime<Utc>;

/// What each aggregate carries besides its own fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// 64-bit snowflake. Internal: joins, locks, order of creation. Never leaves the service.
    pub id: i64,
    /// UUIDv7 (RFC 9562, section 5.7). The only id that callers see.
    pub uuid: Uuid,
    /// When the row was written first.
    pub created_at: Timestamp,
    /// When the row was written last.
    pub updated_at: Timestamp,
    /// Soft delete: set means that the row is gone for everybody but an administrator.
    pub deleted_at: Option<Timestamp>,
    /// Optimistic lock, 1 for a new row; each update adds one.
    pub version: i32,
}

impl Base {
    /// The base of a row that is about to be written for the first time.
    pub fn new(id: i64, uuid: Uuid, now: Timestamp) -> Self {
        Self { id, uuid, created_at: now, updated_at: now, deleted_at: None, version: 1 }
    }
}
