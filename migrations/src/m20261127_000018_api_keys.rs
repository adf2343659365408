//! Keys of programs, and which of them has acted.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, boolean, string_len, text, timestamp_with_time_zone_null, uuid_null, var_binary,
};

use crate::columns::{create, drop, index, record, references, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let indices = vec![
            unique("api_keys", &["hash"]),
            unique("api_keys", &["uuid"]),
            index("api_keys", &["user_id"]),
            index("api_keys", &["expires_at"]),
        ];
        create(manager, vec![api_keys(manager)], indices).await?;
        if manager.has_column("audit_entries", "api_key").await? {
            return Ok(());
        }
        let added = Table::alter().table("audit_entries").add_column(uuid_null("api_key")).to_owned();
        manager.alter_table(added).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["api_keys"]).await?;
        if !manager.has_column("audit_entries", "api_key").await? {
            return Ok(());
        }
        manager.alter_table(Table::alter().table("audit_entries").drop_column("api_key").to_owned()).await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn api_keys(manager: &SchemaManager<'_>) -> TableCreateStatement {
    record(manager, "api_keys")
        .col(big_integer("user_id"))
        .col(uuid_null("tenant"))
        .col(string_len("name", 64))
        .col(string_len("prefix", 16))
        .col(var_binary("hash", 64))
        .col(text("scopes"))
        .col(boolean("multi_factor"))
        .col(timestamp_with_time_zone_null("expires_at"))
        .col(timestamp_with_time_zone_null("last_used_at"))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}
