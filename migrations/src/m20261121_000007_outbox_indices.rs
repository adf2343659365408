//! What the relay and operators look the outbox up by.

use sea_orm_migration::prelude::*;

use crate::columns::index;
use crate::online::{create_index, drop_index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_index(manager, index("outbox", &["status", "id"])).await?;
        create_index(manager, index("outbox", &["event_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_index(manager, "outbox", "outbox_event_id").await?;
        drop_index(manager, "outbox", "outbox_status_id").await
    }

    /// Each step may be taken twice.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}
