//! Where people live, a key of each person's own for what the audit trail says about them, and exports of their data.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob_null, string_len_null, timestamp_with_time_zone,
    timestamp_with_time_zone_null, uuid, uuid_null, var_binary,
};

use crate::columns::{TableIndex, create, drop, index, record, references, table, unique};
use crate::mysql::portable;
use crate::online;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, name, column) in added() {
            if !manager.has_column(table, name).await? {
                let mut column = portable(manager, column);
                let added = Table::alter().table(table).add_column(&mut column).to_owned();
                manager.alter_table(added).await?;
            }
        }
        for (name, table, indices) in [
            ("person_keys", person_keys(manager), vec![unique("person_keys", &["uuid"])]),
            (
                "exports",
                exports(manager),
                vec![
                    unique("exports", &["uuid"]),
                    index("exports", &["user_id"]),
                    index("exports", &["expires_at"]),
                ],
            ),
        ] {
            if !manager.has_table(name).await? {
                create(manager, vec![table], indices).await?;
            }
        }
        online::create_index(manager, by_person()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        online::drop_index(manager, "audit_entries", &by_person().name).await?;
        for name in ["exports", "person_keys"] {
            if manager.has_table(name).await? {
                drop(manager, &[name]).await?;
            }
        }
        for (table, name, _) in added() {
            if manager.has_column(table, name).await? {
                let dropped = Table::alter().table(table).drop_column(name).to_owned();
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

fn added() -> Vec<(&'static str, &'static str, ColumnDef)> {
    vec![
        // Longer than a tag: from 256 bytes on MySQL keeps a value beside the row, and the row stays small.
        ("users", "locale", string_len_null("locale", 64)),
        ("users", "time_zone", string_len_null("time_zone", 64)),
        ("audit_entries", "person", uuid_null("person")),
        ("audit_entries", "personal", blob_null("personal")),
    ]
}

fn by_person() -> TableIndex {
    index("audit_entries", &["person", "id"])
}

/// One row per user, under the user's own ids.
fn person_keys(manager: &SchemaManager<'_>) -> TableCreateStatement {
    table(manager, "person_keys")
        .col(uuid("uuid"))
        .col(var_binary("key_sealed", 96))
        .foreign_key(&mut references("id", "users"))
        .to_owned()
}

fn exports(manager: &SchemaManager<'_>) -> TableCreateStatement {
    record(manager, "exports")
        .col(big_integer("user_id"))
        .col(timestamp_with_time_zone_null("ready_at"))
        .col(big_integer_null("size"))
        .col(timestamp_with_time_zone("expires_at"))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}
