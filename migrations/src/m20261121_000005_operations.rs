//! What the service itself needs: its keys, captured mails, and which processes are alive.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, blob, integer, pk_uuid, small_integer, string_len, text, timestamp_with_time_zone,
    timestamp_with_time_zone_null, uuid,
};

use crate::columns::{create, drop, index, table, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let indices = vec![
            unique("ring_keys", &["purpose", "generation"]),
            unique("ring_keys", &["kid"]),
            index("captured_mails", &["created_at"]),
        ];
        create(manager, vec![ring_keys(manager), captured_mails(), nodes()], indices).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["nodes", "captured_mails", "ring_keys"]).await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn ring_keys(manager: &SchemaManager<'_>) -> TableCreateStatement {
    table(manager, "ring_keys")
        .col(string_len("kid", 100))
        .col(string_len("purpose", 32))
        .col(integer("generation"))
        .col(blob("sealed"))
        .col(timestamp_with_time_zone("active_from"))
        .col(timestamp_with_time_zone_null("retired_at"))
        .to_owned()
}

fn captured_mails() -> TableCreateStatement {
    Table::create()
        .table("captured_mails")
        .col(pk_uuid("id"))
        .col(string_len("recipient", 254))
        .col(text("subject"))
        .col(text("body_text"))
        .col(text("body_html"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}

/// One row per living process. `expires_at` is in milliseconds of the database server's own clock, so that
/// hosts whose clocks differ agree on it.
fn nodes() -> TableCreateStatement {
    Table::create()
        .table("nodes")
        .col(small_integer("id").primary_key())
        .col(uuid("holder"))
        .col(big_integer("beat"))
        .col(big_integer("expires_at"))
        .to_owned()
}
