//! The database.

use crate::config::{RoleName, SecretUrl, section::section};

section! {
    /// The store of record.
    pub struct DatabaseConfig in database {
        /// Database that holds everything; the scheme picks the engine.
        url: SecretUrl = Derived("sqlite://{data_dir}/mainstay.db"), alias "DATABASE_URL";
        /// The same database as the owner of its tables, for migrations; empty is as `url`.
        owner_url: Option<SecretUrl> = Unset;
        /// PostgreSQL role that connections act as; locally it is made, and left alone where it can't be had.
        role: Option<RoleName> = PerEnvironment { local: "mainstay_app", deployed: "" };
        /// Read replicas of it.
        replica_urls: Vec<SecretUrl> = Unset;
        /// Connections per process and URL.
        max_connections: u32 = Fixed("10"), range 1..=10_000;
    }
}
