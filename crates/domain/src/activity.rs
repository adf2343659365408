//! How much an account is used.

use crate::Timestamp;

/// What the sessions of a user say about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserActivity {
    /// When the account was made.
    pub registered_at: Timestamp,
    /// When a session was last opened or continued, ended ones included.
    pub last_active_at: Option<Timestamp>,
    /// Sessions that can be continued.
    pub active_sessions: u64,
}
