//! The few words in which the engines' SQL differs. Everything else is common SQL or left to SeaORM.

use sea_orm::{ConnectionTrait, DatabaseBackend};

/// Which SQL is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The dialect of a connection.
    pub(crate) fn of(connection: &impl ConnectionTrait) -> Self {
        match connection.get_database_backend() {
            DatabaseBackend::Sqlite => Self::Sqlite,
            _ => Self::Postgres,
        }
    }

    /// Ends a `SELECT` whose rows nobody else may take meanwhile. SQLite has one writer at a time anyway.
    pub(crate) fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "FOR UPDATE SKIP LOCKED",
        }
    }

    /// Whether `(a, b) > (x, y)` is looked up in an index on both columns. The others look up the spelled-out form.
    pub(crate) fn seeks_row_values(self) -> bool {
        match self {
            Self::Sqlite | Self::Postgres => true,
        }
    }

    /// The server's clock in milliseconds since 1970, as an expression.
    pub(crate) fn now_millis(self) -> &'static str {
        match self {
            Self::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Self::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
        }
    }

    /// A statement that wakes other processes once the transaction has committed, where the engine can.
    pub(crate) fn notify(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_notify('mainstay_wake', '')"),
        }
    }

    /// Whether the connected role may do anything, as a query of one boolean, where roles exist.
    pub(crate) fn superuser(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"),
        }
    }
}
