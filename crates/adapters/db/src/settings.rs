//! What the composition root has to say about the database.

use std::sync::Arc;
use std::time::Duration;

use ports::{ColumnCipher, Errands, Random, RevisionMirror};

use crate::rights::Role;

/// Where the database is, and who asks. No `Debug`: the URL may hold a password.
#[derive(Clone)]
pub struct Settings {
    /// `sqlite://<path>`, `postgres://…?sslmode=…` or `mysql://…?ssl-mode=…`.
    pub url: String,
    /// Where the owner of the tables logs in, who migrates, if that is somebody else.
    pub owner_url: Option<String>,
    /// Copies of it, of the same engine.
    pub replica_urls: Vec<String>,
    /// A copy that is further behind is not asked.
    pub replica_max_lag: Duration,
    /// Statements that take longer are logged.
    pub slow: Option<Duration>,
    /// Knows what a remark behind each statement is to say.
    pub errands: Option<Arc<dyn Errands>>,
    /// The role that the service acts as (PostgreSQL).
    pub role: Option<Role>,
    /// Connections of this process at most (servers; SQLite has one writer and four readers).
    pub max_connections: u32,
    /// Threads that serve requests and call [`crate::dedicate_thread`]; 0 in processes without any.
    pub threads: usize,
    /// Which program this is.
    pub kind: Process,
    /// A fixed node id, 0 to 1023; leased from the database without one.
    pub node_id: Option<u16>,
    /// Encrypts the columns that are kept so.
    pub cipher: Arc<dyn ColumnCipher>,
    /// What is told of the revisions that a unit of work raises.
    pub mirror: Option<Arc<dyn RevisionMirror>>,
    /// Makes the id that this process holds its claims under.
    pub random: Arc<dyn Random>,
}

/// Which program connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// Serves HTTP. Only one at a time on one SQLite file.
    Api,
    /// Runs jobs.
    Worker,
    /// The operator's command.
    Cli,
}

impl Process {
    /// The name under which the server lists the connection.
    pub(crate) fn application_name(self) -> &'static str {
        match self {
            Self::Api => "mainstay-api",
            Self::Worker => "mainstay-worker",
            Self::Cli => "mainstay",
        }
    }
}
