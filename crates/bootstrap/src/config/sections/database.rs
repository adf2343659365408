//! The database.

use crate::config::{SecretUrl, section::section};

section! {
    /// The store of record.
    pub struct DatabaseConfig in database {
        /// Database that holds everything; the scheme picks the engine.
        url: SecretUrl = Derived("sqlite://{data_dir}/mainstay.db"), alias "DATABASE_URL";
        /// Read replicas of it.
        replica_urls: Vec<SecretUrl> = Unset;
        /// Connections per process and URL.
        max_connections: u32 = Fixed("10"), range 1..=10_000;
    }
}
