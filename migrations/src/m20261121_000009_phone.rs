//! A user's telephone number, encrypted, and the blind index it is found by.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::var_binary_null;

use crate::columns::index;
use crate::online;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// One per statement, because SQLite adds and drops no more at a time.
const COLUMNS: [(&str, u32); 2] = [("phone_sealed", 96), ("phone_index", 20)];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, length) in COLUMNS {
            if !manager.has_column("users", name).await? {
                let mut column = var_binary_null(name, length);
                let added = Table::alter().table("users").add_column(&mut column).to_owned();
                manager.alter_table(added).await?;
            }
        }
        online::create_index(manager, index("users", &["phone_index"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online::drop_index(manager, "users", "users_phone_index").await?;
        for (name, _) in COLUMNS {
            if manager.has_column("users", name).await? {
                let dropped = Table::alter().table("users").drop_column(name).to_owned();
                manager.alter_table(dropped).await?;
            }
        }
        Ok(())
    }

    /// The index can't be built in one. Each step may be taken twice.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}
