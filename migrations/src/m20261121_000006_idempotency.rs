//! Keys under which requests are sent again, and what was answered.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, blob_null, small_integer_null, text_null, timestamp_with_time_zone,
    timestamp_with_time_zone_null, var_binary,
};

use crate::columns::{create, drop, index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, vec![idempotency_keys()], vec![index("idempotency_keys", &["keep_until"])]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["idempotency_keys"]).await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Without a status it is reserved; without a lease, given up.
fn idempotency_keys() -> TableCreateStatement {
    Table::create()
        .table("idempotency_keys")
        .col(var_binary("hash", 32).primary_key())
        .col(var_binary("fingerprint", 32))
        .col(big_integer("token"))
        .col(timestamp_with_time_zone_null("lease_until"))
        .col(timestamp_with_time_zone("keep_until"))
        .col(small_integer_null("status"))
        .col(text_null("headers"))
        .col(blob_null("body"))
        .to_owned()
}
