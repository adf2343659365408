//! Tables and indices on MySQL and MariaDB.
//!
//! There each statement about tables commits by itself, so a migration that dies half way leaves what it has done.
//! It is repeatable instead: a table comes with its indices in one statement, which happens as a whole or not at
//! all, and what is there already is left alone.
//!
//! **Types.** Times have microseconds (`TIMESTAMP` has seconds, and ends in 2038), texts and blobs hold 16 MiB
//! (`TEXT` holds 64 KiB). Text is compared byte by byte, as on the other engines: no two ids, tokens or addresses
//! that differ in case or in trailing spaces are the same.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};

use crate::indices::{Generation, TableIndex};

/// Creates a table with its indices, unless it is there.
pub(crate) async fn create_table(
    manager: &SchemaManager<'_>,
    table: &TableCreateStatement,
    indices: &[&TableIndex],
) -> Result<(), DbErr> {
    let mut translated = Table::create().if_not_exists().to_owned();
    translated.table(name_of(table));
    // The one part of a statement that can't be read back.
    if table.to_string(MysqlQueryBuilder).contains(" CHECK ") {
        return Err(DbErr::Custom("a check in a table would be lost on MySQL".to_owned()));
    }
    for column in table.get_columns() {
        translated.col(portable(manager, column.clone()));
    }
    let mut generated: Vec<String> = Vec::new();
    for column in indices.iter().filter_map(|index| index.generated(Generation::Stored)) {
        if !generated.contains(&column.get_column_name()) {
            generated.push(column.get_column_name());
            translated.col(column);
        }
    }
    for index in table.get_indexes() {
        if index.is_primary_key() {
            translated.primary_key(&mut index.clone());
        } else {
            translated.index(&mut index.clone());
        }
    }
    for index in indices {
        translated.index(&mut index.whole());
    }
    for key in table.get_foreign_key_create_stmts() {
        translated.foreign_key(&mut key.clone());
    }
    translated.engine("InnoDB").character_set("utf8mb4").collate(collation(manager).await?);
    manager.create_table(translated).await
}

/// The name of a table that is to be created.
pub(crate) fn name_of(table: &TableCreateStatement) -> String {
    match table.get_table_name() {
        Some(TableRef::Table(TableName(_, name), _)) => name.to_string(),
        _ => String::new(),
    }
}

/// Creates an index of a table that an earlier migration has made, unless it is there. Refused where the engine could
/// do it only by stopping writers.
pub(crate) async fn create_index(manager: &SchemaManager<'_>, index: &TableIndex) -> Result<(), DbErr> {
    if manager.has_index(index.table, &index.name).await? {
        return Ok(());
    }
    if let Some(column) = index.generated(Generation::Virtual)
        && !manager.has_column(index.table, column.get_column_name()).await?
    {
        manager.alter_table(Table::alter().table(index.table).add_column(column).to_owned()).await?;
    }
    let sql = index.whole().to_string(MysqlQueryBuilder);
    manager.get_connection().execute_unprepared(&format!("{sql} ALGORITHM = INPLACE LOCK = NONE")).await?;
    Ok(())
}

/// The same column in the engine's own types: for a column that is to be added to a table.
pub(crate) fn portable(manager: &SchemaManager<'_>, mut column: ColumnDef) -> ColumnDef {
    if manager.get_database_backend() != DbBackend::MySql {
        return column;
    }
    let custom = match column.get_column_type() {
        Some(ColumnType::TimestampWithTimeZone) => "datetime(6)",
        Some(ColumnType::Text) => "mediumtext",
        Some(ColumnType::Blob) => "mediumblob",
        _ => return column,
    };
    column.custom(custom).to_owned()
}

#[derive(FromQueryResult)]
struct Collation {
    name: String,
}

/// The server's collation that compares bytes and does not pad with spaces; MariaDB and MySQL name it differently.
async fn collation(manager: &SchemaManager<'_>) -> Result<String, DbErr> {
    const SQL: &str = "SELECT collation_name AS name FROM information_schema.collations
                       WHERE collation_name IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin')
                       ORDER BY collation_name DESC";
    let connection = manager.get_connection();
    let statement = Statement::from_string(manager.get_database_backend(), SQL);
    let found = Collation::find_by_statement(statement).one(connection).await?;
    let too_old =
        || DbErr::Custom("the server is too old: MariaDB 10.6 or MySQL 8.0.17 is needed".to_owned());
    found.map(|collation| collation.name).ok_or_else(too_old)
}
