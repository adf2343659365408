//! Statements that end although nobody waits for them any more.
//!
//! MySQL's driver reads an answer in pieces, and forgets which it has read when the future that reads them is dropped (a
//! closed socket, a handler that is cancelled). The connection then waits for pieces that came long ago, keeps its place
//! in the pool, and a few of these leave the pool empty. So there each statement is a task of its own; the other
//! drivers begin an answer anew.

use sea_orm::DbErr;
use tracing::Instrument;

use crate::dialect::Dialect;

/// The statement's result; dropping this future ends the waiting, not the statement, where that would do harm.
pub(crate) async fn whole<T: Send + 'static>(
    dialect: Dialect,
    statement: impl Future<Output = Result<T, DbErr>> + Send + 'static,
) -> Result<T, DbErr> {
    if dialect.bears_cancelling() {
        return statement.await;
    }
    let ended = tokio::spawn(statement.in_current_span()).await;
    ended.unwrap_or_else(|error| Err(DbErr::Custom(error.to_string())))
}
