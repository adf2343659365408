//! From the drivers' errors to the one error of all ports. The only place that reads error codes.

use ports::{Error, Kind, Result};
use sea_orm::sqlx::error::{DatabaseError, ErrorKind};
use sea_orm::sqlx::mysql::MySqlDatabaseError;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::{DbErr, RuntimeErr, sqlx};

/// Names the operation during which a driver failed.
pub(crate) trait During<T> {
    /// The same result as a port's.
    fn during(self, operation: &'static str) -> Result<T>;
}

impl<T> During<T> for std::result::Result<T, DbErr> {
    fn during(self, operation: &'static str) -> Result<T> {
        self.map_err(|error| Meaning::of(&error).error(operation, printable(&error)))
    }
}

impl<T> During<T> for std::result::Result<T, sqlx::Error> {
    fn during(self, operation: &'static str) -> Result<T> {
        self.map_err(|error| Meaning::of_sqlx(&error).error(operation, printable(&error)))
    }
}

/// What a failed statement means to the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A concurrent unit of work won, and the server has rolled this one back.
    Contended,
    /// Anything else.
    Failed(Kind),
}

impl Meaning {
    pub(crate) fn of(error: &DbErr) -> Self {
        match error {
            DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
                Self::of_sqlx(error)
            }
            error => Self::Failed(kind_of(error)),
        }
    }

    fn of_sqlx(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) if is_contended(error.as_ref()) => Self::Contended,
            error => Self::Failed(kind_of_sqlx(error)),
        }
    }

    pub(crate) fn error(self, operation: &'static str, source: impl Into<BoxedSource>) -> Error {
        match self {
            Self::Contended => Error::contended(operation, source),
            Self::Failed(kind) => Error::with(kind, operation, source),
        }
    }
}

type BoxedSource = Box<dyn std::error::Error + Send + Sync>;

/// A row that this version can't read: written by a newer one, or damaged.
pub(crate) fn unreadable(operation: &'static str, what: &'static str) -> Error {
    Error::with(Kind::Internal, operation, format!("a stored {what} can't be read"))
}

/// The message only: the `Debug` form of a driver's error holds the offending row.
fn printable(error: &dyn std::error::Error) -> String {
    error.to_string()
}

fn kind_of(error: &DbErr) -> Kind {
    match error {
        DbErr::RecordNotFound(_) => Kind::NotFound,
        // Whatever the server gives as its reason: a start that could not connect has reported it before.
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => Kind::Unavailable,
        _ => Kind::Internal,
    }
}

fn kind_of_sqlx(error: &sqlx::Error) -> Kind {
    match error {
        sqlx::Error::Database(error) => kind_of_database(error.as_ref()),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Kind::Unavailable,
        sqlx::Error::RowNotFound => Kind::NotFound,
        _ => Kind::Internal,
    }
}

fn kind_of_database(error: &dyn DatabaseError) -> Kind {
    // A missing parent is a conflict, too: somebody removed it while this unit of work referred to it.
    if matches!(error.kind(), ErrorKind::UniqueViolation | ErrorKind::ForeignKeyViolation) {
        return Kind::Conflict;
    }
    let code = error.code().unwrap_or_default();
    let error = error.as_error();
    if error.is::<PgDatabaseError>() {
        return kind_of_sqlstate(&code);
    }
    match error.downcast_ref::<MySqlDatabaseError>() {
        Some(error) => kind_of_mysql(error.number()),
        None => kind_of_sqlite(&code),
    }
}

fn is_contended(error: &dyn DatabaseError) -> bool {
    let code = error.code();
    let error = error.as_error();
    match error.downcast_ref::<MySqlDatabaseError>() {
        // A deadlock (the whole transaction is gone), and a row that changed under a snapshot.
        Some(error) => matches!(error.number(), 1213 | 1020),
        // serialization_failure, deadlock_detected. SQLite's codes are smaller, and it has one writer.
        None => error.is::<PgDatabaseError>() && matches!(code.as_deref(), Some("40001" | "40P01")),
    }
}

/// PostgreSQL, appendix A "Error Codes".
fn kind_of_sqlstate(code: &str) -> Kind {
    match code {
        // query_canceled (our statement_timeout), lock_not_available, idle_in_transaction_session_timeout,
        // read_only_sql_transaction (the server has become a standby)
        "57014" | "55P03" | "25P03" | "25006" => Kind::Unavailable,
        // connection_exception, insufficient_resources (disk full included), admin_shutdown and its kin
        _ if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") => Kind::Unavailable,
        _ => Kind::Internal,
    }
}

/// MySQL, "Server Error Message Reference"; MariaDB, "MariaDB Error Code Reference". SQLSTATE is too coarse here.
fn kind_of_mysql(number: u16) -> Kind {
    match number {
        // Somebody else's lock, statements that took too long (3024 MySQL, 1969 MariaDB) or were ended;
        1205 | 3024 | 1969 | 1317
        // too many connections: altogether, of this user, in an hour; the host is blocked;
        | 1040 | 1203 | 1226 | 1129
        // the connection is or was lost: shutdown, abortion, network, killed, idle for too long;
        | 1053 | 1077 | 1079 | 1152 | 1158..=1161 | 1184 | 1927 | 2006 | 2013 | 4031
        // read-only: the server, its disk, the transaction; a cluster's node that is not (yet) part of it;
        | 1290 | 1792 | 1836 | 1047
        // the disk is full or broken, memory is short, a commit failed in the engine.
        | 3 | 1021 | 1026 | 1028 | 1030 | 1037 | 1038 | 1041 | 1114 | 1180 => Kind::Unavailable,
        _ => Kind::Internal,
    }
}

/// SQLite, "Result and Error Codes": the low byte is the primary code.
fn kind_of_sqlite(code: &str) -> Kind {
    match code.parse::<i32>().map(|code| code & 0xff) {
        // BUSY, LOCKED, IOERR, FULL, CANTOPEN
        Ok(5 | 6 | 10 | 13 | 14) => Kind::Unavailable,
        _ => Kind::Internal,
    }
}

/// Whether another process holds the SQLite file right now.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.and_then(|code| code.parse::<i32>().ok()).is_some_and(|code| code & 0xff == 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_what_the_core_can_act_on() {
        for (code, kind) in [
            ("08006", Kind::Unavailable),
            ("53100", Kind::Unavailable),
            ("53300", Kind::Unavailable),
            ("57P01", Kind::Unavailable),
            ("57014", Kind::Unavailable),
            ("42P01", Kind::Internal),
            ("25P02", Kind::Internal),
        ] {
            assert_eq!(kind_of_sqlstate(code), kind, "{code}");
        }
        for (number, kind) in [
            (1205, Kind::Unavailable),
            (1040, Kind::Unavailable),
            (1053, Kind::Unavailable),
            (1160, Kind::Unavailable),
            (1290, Kind::Unavailable),
            (1114, Kind::Unavailable),
            (1146, Kind::Internal),
            (1406, Kind::Internal),
        ] {
            assert_eq!(kind_of_mysql(number), kind, "{number}");
        }
        // BUSY_SNAPSHOT, LOCKED_SHAREDCACHE, IOERR_FSYNC, FULL, CORRUPT, ERROR
        for (code, kind) in [
            ("517", Kind::Unavailable),
            ("262", Kind::Unavailable),
            ("1034", Kind::Unavailable),
            ("13", Kind::Unavailable),
            ("11", Kind::Internal),
            ("1", Kind::Internal),
        ] {
            assert_eq!(kind_of_sqlite(code), kind, "{code}");
        }
    }
}
