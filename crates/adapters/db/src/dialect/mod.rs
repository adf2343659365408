//! Where the engines' SQL differs: the words here, the ways that need more than other words in [`ways`].
//! Everything else is common SQL or left to SeaORM.

mod ways;

use std::borrow::Cow;

use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, Value};

pub(crate) use self::ways::{Take, count_up, delete_some, has_written, take, take_in, update_some};

/// How a routine with results is called.
pub(crate) enum Routine {
    /// A query whose row is the results.
    Query(&'static str),
    /// A call that leaves its results in the session, and a query for them.
    Call(&'static str, &'static str),
}

/// Which SQL is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
    /// MySQL's and MariaDB's common part.
    Mysql,
}

impl Dialect {
    /// The dialect of a connection.
    pub(crate) fn of(connection: &impl ConnectionTrait) -> Self {
        match connection.get_database_backend() {
            DatabaseBackend::Sqlite => Self::Sqlite,
            DatabaseBackend::MySql => Self::Mysql,
            _ => Self::Postgres,
        }
    }

    /// Whether a connection is as good as before when the future of a statement is dropped before it ended.
    pub(crate) fn bears_cancelling(self) -> bool {
        match self {
            Self::Sqlite | Self::Postgres => true,
            Self::Mysql => false,
        }
    }

    /// Whether `(a, b) > (x, y)` is looked up in an index on both columns. The others look up the spelled-out form.
    pub(crate) fn seeks_row_values(self) -> bool {
        match self {
            Self::Sqlite | Self::Postgres => true,
            Self::Mysql => false,
        }
    }

    /// A column that conditions shall not look up, only check. Without knowing how often a value occurs, as SQLite does
    /// not, or hoping for the best, as MySQL does, they would rather look up half of a table and sort it than walk an
    /// index in the order that is asked for.
    pub(crate) fn only_checked(self, column: Expr) -> Expr {
        match self {
            Self::Sqlite => Expr::cust_with_expr("+?", column),
            Self::Mysql => Expr::cust_with_expr("COALESCE(?)", column),
            Self::Postgres => column,
        }
    }

    /// The server's clock in milliseconds since 1970, as an expression.
    pub(crate) fn now_millis(self) -> &'static str {
        match self {
            Self::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Self::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
            Self::Mysql => "CAST(UNIX_TIMESTAMP(CURRENT_TIMESTAMP(3)) * 1000 AS SIGNED)",
        }
    }

    /// What stands before `INTO` and at the end of an `INSERT` that does nothing, and changes no row, where the key
    /// is taken. MySQL's way also overlooks values that do not fit, so this is for numbers and ids.
    pub(crate) fn insert_unless_taken(self) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite | Self::Postgres => ("INSERT", "ON CONFLICT DO NOTHING"),
            Self::Mysql => ("INSERT IGNORE", ""),
        }
    }

    /// Whether an `INSERT` that leaves alone what is there counts only a row that it has written. MySQL counts the row
    /// that was there, too, for drivers that count rows found and not only rows changed.
    pub(crate) fn counts_only_written(self) -> bool {
        match self {
            Self::Sqlite | Self::Postgres => true,
            Self::Mysql => false,
        }
    }

    /// What a sum of whole numbers is cast to, because engines make something larger of it.
    pub(crate) fn whole_number(self) -> &'static str {
        match self {
            Self::Sqlite => "INTEGER",
            Self::Postgres => "bigint",
            Self::Mysql => "SIGNED",
        }
    }

    /// The jobs that wait, in the words of the index that holds only them.
    pub(crate) fn job_waits(self) -> &'static str {
        match self {
            Self::Sqlite | Self::Postgres => "status IN ('scheduled', 'queued', 'failed')",
            Self::Mysql => "waiting = 1",
        }
    }

    /// A statement that wakes other processes once the transaction has committed, where the engine can.
    pub(crate) fn notify(self) -> Option<&'static str> {
        match self {
            Self::Sqlite | Self::Mysql => None,
            Self::Postgres => Some("SELECT pg_notify('mainstay_wake', '')"),
        }
    }

    /// The routine that removes expired tokens, where the engine has routines. Its arguments: refresh tokens before
    /// when, mailed ones before when, how many at most.
    pub(crate) fn purge_expired_tokens(self) -> Option<Routine> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(Routine::Query(
                "SELECT refresh_purged, mail_purged FROM purge_expired_tokens($1, $2, $3)",
            )),
            Self::Mysql => Some(Routine::Call(
                "CALL purge_expired_tokens($1, $2, $3, @refresh_purged, @mail_purged)",
                "SELECT CAST(@refresh_purged AS SIGNED), CAST(@mail_purged AS SIGNED)",
            )),
        }
    }

    /// A statement with `$1`, `$2`, … in the engine's own way: MySQL has `?`, once per use.
    pub(crate) fn numbered(self, sql: &str, values: Vec<Value>) -> (Cow<'_, str>, Vec<Value>) {
        if self != Self::Mysql {
            return (Cow::Borrowed(sql), values);
        }
        let (mut text, mut used) = (String::with_capacity(sql.len()), Vec::new());
        let mut parts = sql.split('$');
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = part.split_at(digits);
            let value = number.parse().ok().and_then(|number: usize| values.get(number.checked_sub(1)?));
            match value {
                Some(value) => {
                    used.push(value.clone());
                    text.push('?');
                }
                // Not a placeholder.
                None => text.extend(["$", number]),
            }
            text.push_str(rest);
        }
        (Cow::Owned(text), used)
    }
}

/// A statement written with `$1`, `$2`, …, for this connection.
pub(crate) fn statement<const N: usize>(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Statement {
    let (sql, values) = Dialect::of(connection).numbered(sql, values.into());
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_or_repeated() {
        let values = || vec![1.into(), 2.into()];
        let sql = "a = $2 AND b = $1 AND c = $2 AND d = '$x'";
        let (text, used) = Dialect::Postgres.numbered(sql, values());
        assert_eq!((text.as_ref(), used), (sql, values()));
        let (text, used) = Dialect::Mysql.numbered(sql, values());
        assert_eq!(text, "a = ? AND b = ? AND c = ? AND d = '$x'");
        assert_eq!(used, vec![2.into(), 1.into(), 2.into()]);
    }
}
