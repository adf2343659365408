//! The audit trail.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, string_len, string_len_null, text_null, var_binary_null};

use crate::columns::{create, drop, index, record};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let indices = vec![
            index("audit_entries", &["actor", "id"]),
            index("audit_entries", &["action", "id"]),
            index("audit_entries", &["resource", "id"]),
            index("audit_entries", &["created_at"]),
        ];
        create(manager, vec![audit_entries(manager)], indices).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["audit_entries"]).await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// No foreign keys: the trail outlives what it tells about. `seal_segment` and `entry_hash` stay empty until
/// entries are chained, which happens after they were written.
fn audit_entries(manager: &SchemaManager<'_>) -> TableCreateStatement {
    record(manager, "audit_entries")
        .col(big_integer_null("tenant_id"))
        .col(string_len("actor_kind", 16))
        .col(string_len_null("actor", 100))
        .col(string_len("action", 100))
        .col(string_len("resource", 100))
        .col(text_null("resource_id"))
        .col(string_len("outcome", 16))
        .col(text_null("reason"))
        .col(string_len_null("ip", 64))
        .col(text_null("user_agent"))
        .col(string_len_null("request_id", 100))
        .col(string_len_null("trace_id", 64))
        .col(big_integer_null("seal_segment"))
        .col(var_binary_null("entry_hash", 64))
        .to_owned()
}
