//! What it is for.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::string_len;

use crate::columns::{aggregate, create, drop, index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = vec![aggregate(manager, "template_rows").col(string_len("name", 100)).to_owned()];
        let indices = vec![index("template_rows", &["name"])];
        create(manager, tables, indices).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["template_rows"]).await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
