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
        /// Read replicas of it, for lists and statistics; they may be a few seconds behind.
        replica_urls: Vec<SecretUrl> = Unset;
        /// A replica that is further behind is left out until it has caught up.
        replica_max_lag_seconds: u64 = Fixed("10"), range 1..=3_600;
        /// Statements that take longer are logged, without their values; 0 logs none.
        slow_query_ms: u64 = Fixed("500"), range 0..=600_000;
        /// Statements name route and use case in a comment (sqlcommenter), for the server's own lists and logs.
        sql_comments: bool = Fixed("false");
        /// Connections per process and URL.
        max_connections: u32 = Fixed("10"), range 1..=10_000;
    }
}
