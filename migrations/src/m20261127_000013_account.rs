//! The address that an account shall have instead of its own, and the index behind the list of somebody's sessions.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::string_len_null;

use crate::columns::{TableIndex, index};
use crate::online;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !manager.has_column("users", "pending_email").await? {
            let mut column = string_len_null("pending_email", 254);
            let added = Table::alter().table("users").add_column(&mut column).to_owned();
            manager.alter_table(added).await?;
        }
        online::create_index(manager, sessions()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online::drop_index(manager, "sessions", &sessions().name).await?;
        if manager.has_column("users", "pending_email").await? {
            let dropped = Table::alter().table("users").drop_column("pending_email").to_owned();
            manager.alter_table(dropped).await?;
        }
        Ok(())
    }

    /// The index can't be built in one. Each step may be taken twice.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

fn sessions() -> TableIndex {
    index("sessions", &["user_id", "id"])
}
