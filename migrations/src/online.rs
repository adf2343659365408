//! Indices on tables that hold data, without stopping who reads or writes them.
//!
//! PostgreSQL builds and drops them `CONCURRENTLY`, which it does not do inside a transaction: a migration that
//! uses this returns `Some(false)` from `use_transaction`, does nothing else that must not be done twice, and can
//! be run again after it was interrupted. What an interrupted build left behind is dropped first.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::indices::TableIndex;
use crate::mysql;

/// Builds an index of a table that an earlier migration has made, unless it is there.
///
/// # Errors
/// Those of the driver; a unique index that finds duplicates.
pub(crate) async fn create_index(manager: &SchemaManager<'_>, index: TableIndex) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    match manager.get_database_backend() {
        DbBackend::Postgres => {
            // Both wait for transactions that are under way, without making anybody wait for them.
            connection.execute_unprepared("SET lock_timeout = 0").await?;
            if is_unfinished(manager, &index.name).await? {
                connection.execute_unprepared(&format!("DROP INDEX CONCURRENTLY \"{}\"", index.name)).await?;
            }
            manager.create_index(index.partial().concurrently().if_not_exists().to_owned()).await?;
            connection.execute_unprepared("RESET lock_timeout").await?;
            Ok(())
        }
        DbBackend::MySql => mysql::create_index(manager, &index).await,
        _ => manager.create_index(index.partial().if_not_exists().to_owned()).await,
    }
}

/// Drops an index of `table`, if it is there.
///
/// # Errors
/// Those of the driver.
pub(crate) async fn drop_index(manager: &SchemaManager<'_>, table: &str, name: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let sql = match manager.get_database_backend() {
        DbBackend::Postgres => format!("DROP INDEX CONCURRENTLY IF EXISTS \"{name}\""),
        DbBackend::MySql if !manager.has_index(table, name).await? => return Ok(()),
        DbBackend::MySql => format!("DROP INDEX `{name}` ON `{table}`"),
        _ => format!("DROP INDEX IF EXISTS \"{name}\""),
    };
    connection.execute_unprepared(&sql).await?;
    Ok(())
}

/// A concurrent build that was interrupted leaves an index that is kept up to date and never used.
async fn is_unfinished(manager: &SchemaManager<'_>, name: &str) -> Result<bool, DbErr> {
    let sql = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [format!("\"{name}\"").into()]);
    Ok(manager.get_connection().query_one_raw(statement).await?.is_some())
}
