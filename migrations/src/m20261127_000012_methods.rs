//! How the person behind a session proved who they are. Until now there was only one way.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::string_len;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_column("sessions", "methods").await? {
            return Ok(());
        }
        let column = string_len("methods", 64).default("pwd").to_owned();
        manager.alter_table(Table::alter().table("sessions").add_column(column).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !manager.has_column("sessions", "methods").await? {
            return Ok(());
        }
        manager.alter_table(Table::alter().table("sessions").drop_column("methods").to_owned()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
