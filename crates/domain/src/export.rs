//! All that is stored about a person, on its way to them (GDPR, articles 15 and 20).

use std::time::Duration;

use uuid::Uuid;

use crate::Timestamp;

/// An export that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Snowflake.
    pub id: i64,
    /// Public id.
    pub uuid: Uuid,
    /// Whose.
    pub user_id: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was written, once it is.
    pub ready_at: Option<Timestamp>,
    /// Bytes, once it is written.
    pub size: Option<i64>,
    /// When it goes.
    pub expires_at: Timestamp,
}

impl Export {
    /// It is there for so long after it was asked for.
    pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
}
