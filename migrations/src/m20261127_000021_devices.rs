//! Devices that people have logged in from.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string_len, timestamp_with_time_zone};

use crate::columns::{create, drop, index, record, references, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let indices = vec![
            unique("devices", &["uuid"]),
            unique("devices", &["user_id", "network", "agent"]),
            index("devices", &["last_seen_at"]),
        ];
        create(manager, vec![devices(manager)], indices).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["devices"]).await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn devices(manager: &SchemaManager<'_>) -> TableCreateStatement {
    record(manager, "devices")
        .col(big_integer("user_id"))
        .col(string_len("network", 64))
        .col(string_len("agent", 100))
        .col(timestamp_with_time_zone("last_seen_at"))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}
