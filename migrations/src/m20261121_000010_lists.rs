//! What users are searched and sorted by, and the indices that lists walk along.
//!
//! The keys are written with each row; those of rows that are there already follow by the maintenance job. Building an
//! index waits for nobody's writes, so this is not one transaction: interrupted, it is run again.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::string_len;

use crate::columns::{TableIndex, byte_order, index};
use crate::online;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Above the longest key, which is bounded in characters.
const KEY: u32 = 254;
const KEYS: [&str; 2] = ["email_key", "name_key"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for key in KEYS {
            if !manager.has_column("users", key).await? {
                let column = byte_order(manager, string_len(key, KEY).default("").to_owned());
                manager.alter_table(Table::alter().table("users").add_column(column).to_owned()).await?;
            }
        }
        for index in indices() {
            online::create_index(manager, index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in indices() {
            online::drop_index(manager, index.table, &index.name).await?;
        }
        for key in KEYS {
            if manager.has_column("users", key).await? {
                manager.alter_table(Table::alter().table("users").drop_column(key).to_owned()).await?;
            }
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

/// One per order of `ports::USER_ORDERS`, over live rows; one for the filter that picks few out of many; one for the
/// deleted, which are few.
fn indices() -> Vec<TableIndex> {
    let live = |columns| index("users", columns).keyed("live", Expr::col("deleted_at").is_null());
    vec![
        live(&["created_at", "id"]),
        live(&["email_key", "id"]),
        live(&["name_key", "id"]),
        live(&["created_at", "email_key", "id"]).descending("email_key"),
        live(&["status", "created_at", "id"]),
        index("users", &["deleted_at", "id"]).and_where(Expr::col("deleted_at").is_not_null()),
    ]
}
