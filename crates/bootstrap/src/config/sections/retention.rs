//! How long what is over is kept.

use crate::config::section::section;

section! {
    /// When the maintenance job removes for good.
    pub struct RetentionConfig in retention {
        /// Days in which a deleted user can be restored.
        deleted_users_days: u32 = Fixed("30"), range 0..=3650;
        /// Days after which an event that no broker or consumer would take is removed.
        dead_events_days: u32 = Fixed("90"), range 1..=3650;
    }
}
