//! The job queue.

use crate::config::{SecretUrl, section::section};

section! {
    /// Where jobs wait.
    pub struct QueueConfig in queue {
        /// Job queue; `database://` is a table of the database.
        url: SecretUrl = Fixed("database://"), alias "RABBITMQ_URL";
    }
}
