//! Columns that every area shares, so that all tables look alike, and the creation of tables on every engine.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, integer, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid, uuid_uniq,
};
use sea_orm_migration::sea_orm::DbBackend;

pub(crate) use crate::indices::{TableIndex, index, unique, unique_live, unique_present};
use crate::mysql;

/// A snowflake as primary key: given by the application, never counted by the engine.
/// On SQLite an `INTEGER` primary key is the row id itself, which saves a second tree per table.
pub(crate) fn id(manager: &SchemaManager<'_>) -> ColumnDef {
    match manager.get_database_backend() {
        DbBackend::Sqlite => integer("id").primary_key().to_owned(),
        _ => big_integer("id").primary_key().to_owned(),
    }
}

/// A text that is compared byte by byte, so that every engine sorts it alike. SQLite does so anyway, and so do MySQL's
/// tables as we make them.
pub(crate) fn byte_order(manager: &SchemaManager<'_>, mut column: ColumnDef) -> ColumnDef {
    match manager.get_database_backend() {
        DbBackend::Postgres => column.extra("COLLATE \"C\"").to_owned(),
        _ => column,
    }
}

/// A table with the columns of `domain::Base`.
pub(crate) fn aggregate(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    Table::create()
        .table(name)
        .col(id(manager))
        .col(uuid_uniq("uuid"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .col(timestamp_with_time_zone_null("deleted_at"))
        .col(integer("version"))
        .to_owned()
}

/// A table of its own shape, whose rows have a snowflake.
pub(crate) fn table(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    Table::create().table(name).col(id(manager)).to_owned()
}

/// Id, public id and time of writing, for rows that are written once.
pub(crate) fn record(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    table(manager, name).col(uuid("uuid")).col(timestamp_with_time_zone("created_at")).to_owned()
}

/// A reference whose rows go when what they point at goes.
pub(crate) fn references(column: &'static str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from_col(column).to(table, "id").on_delete(ForeignKeyAction::Cascade).to_owned()
}

/// Creates tables, then indices, in the given order. The indices may be of other tables, too.
pub(crate) async fn create(
    manager: &SchemaManager<'_>,
    tables: Vec<TableCreateStatement>,
    indices: Vec<TableIndex>,
) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::MySql {
        return create_on_mysql(manager, &tables, &indices).await;
    }
    for table in tables {
        manager.create_table(table).await?;
    }
    for index in indices {
        manager.create_index(index.partial()).await?;
    }
    Ok(())
}

async fn create_on_mysql(
    manager: &SchemaManager<'_>,
    tables: &[TableCreateStatement],
    indices: &[TableIndex],
) -> Result<(), DbErr> {
    let mut others: Vec<&TableIndex> = indices.iter().collect();
    for table in tables {
        let name = mysql::name_of(table);
        let own = others.extract_if(.., |index| index.table == name).collect::<Vec<_>>();
        mysql::create_table(manager, table, &own).await?;
    }
    for index in others {
        mysql::create_index(manager, index).await?;
    }
    Ok(())
}

/// Drops tables (their indices go with them), in the given order.
pub(crate) async fn drop(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for table in tables {
        let mut drop = Table::drop().table(*table).to_owned();
        // Where the way back may have been interrupted, too.
        if manager.get_database_backend() == DbBackend::MySql {
            drop.if_exists();
        }
        manager.drop_table(drop).await?;
    }
    Ok(())
}
