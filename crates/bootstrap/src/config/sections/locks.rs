//! Locks between processes.

use crate::config::{SecretUrl, section::section};

section! {
    /// What must not happen twice at the same time.
    pub struct LocksConfig in locks {
        /// Locks; `database://` is a table of the database, or a `redis://` URL as for the cache.
        url: SecretUrl = Fixed("database://");
    }
}
