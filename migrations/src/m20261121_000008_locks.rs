//! Locks: who holds what until when, and the largest fencing token of each name.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string_len};

use crate::columns::{create, drop};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, vec![locks()], vec![]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["locks"]).await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Rows stay: a name that was forgotten would begin with its tokens anew. `expires_at` is in milliseconds of the
/// database server's own clock.
fn locks() -> TableCreateStatement {
    Table::create()
        .table("locks")
        .col(string_len("name", 190).primary_key())
        .col(big_integer("token"))
        .col(big_integer("expires_at"))
        .col(big_integer("passes"))
        .to_owned()
}
