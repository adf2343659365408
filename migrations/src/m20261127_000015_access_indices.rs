//! The index behind the list of a tenant's members.

use sea_orm_migration::prelude::*;

use crate::columns::{TableIndex, index};
use crate::online;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online::create_index(manager, members()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online::drop_index(manager, "memberships", &members().name).await
    }

    /// The index can't be built in one. It may be built twice.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

fn members() -> TableIndex {
    index("memberships", &["tenant_id", "id"])
}
