//! What the database's views, triggers and routines need: a record of those applied, and an index that the purge of
//! expired refresh tokens goes by.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{string_len, text, timestamp_with_time_zone};

use crate::columns::{create, index};
use crate::online;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, vec![database_assets().if_not_exists().to_owned()], Vec::new()).await?;
        online::create_index(manager, index("refresh_tokens", &["expires_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online::drop_index(manager, "refresh_tokens", "refresh_tokens_expires_at").await?;
        manager.drop_table(Table::drop().table("database_assets").if_exists().to_owned()).await
    }

    /// The index can't be built in one. Each step may be taken twice.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

/// One row per asset as it was applied, with the statement that takes it away again: a later program may not know it.
fn database_assets() -> TableCreateStatement {
    Table::create()
        .table("database_assets")
        .col(string_len("name", 100).primary_key())
        .col(string_len("checksum", 64))
        .col(text("removal"))
        .col(timestamp_with_time_zone("applied_at"))
        .to_owned()
}
