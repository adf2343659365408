//! Hashes of passwords that people had before, where the configuration asks to keep them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text, timestamp_with_time_zone};

use crate::columns::{create, drop, index, references, table};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let indices = vec![index("former_passwords", &["user_id", "id"])];
        create(manager, vec![former_passwords(manager)], indices).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["former_passwords"]).await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn former_passwords(manager: &SchemaManager<'_>) -> TableCreateStatement {
    table(manager, "former_passwords")
        .col(big_integer("user_id"))
        .col(text("password_hash"))
        .col(timestamp_with_time_zone("replaced_at"))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}
