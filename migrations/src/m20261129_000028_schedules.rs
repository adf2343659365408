//! How far each schedule is.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    string_len, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid_null,
};

use crate::columns::{create, drop};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, vec![schedules()], vec![]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["schedules"]).await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Rows stay, also of schedules that a later release does not have: an earlier one may still run beside it.
fn schedules() -> TableCreateStatement {
    Table::create()
        .table("schedules")
        .col(string_len("name", 100).primary_key())
        .col(timestamp_with_time_zone("last_tick"))
        .col(uuid_null("last_job"))
        .col(timestamp_with_time_zone_null("paused_at"))
        .to_owned()
}
