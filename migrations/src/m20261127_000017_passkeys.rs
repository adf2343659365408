//! Passkeys, and challenges that wait to be signed with one.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer, string_len, timestamp_with_time_zone,
    timestamp_with_time_zone_null, var_binary,
};

use crate::columns::{create, drop, index, record, references, table, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = vec![passkeys(manager), passkey_challenges(manager)];
        let indices = vec![
            unique("passkeys", &["credential_id"]),
            index("passkeys", &["user_id"]),
            unique("passkey_challenges", &["hash"]),
            index("passkey_challenges", &["user_id"]),
            index("passkey_challenges", &["expires_at"]),
        ];
        create(manager, tables, indices).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["passkey_challenges", "passkeys"]).await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Counters have 32 bits without a sign.
fn passkeys(manager: &SchemaManager<'_>) -> TableCreateStatement {
    record(manager, "passkeys")
        .col(big_integer("user_id"))
        .col(string_len("label", 64))
        .col(var_binary("credential_id", 1023))
        .col(var_binary("public_key", 2048))
        .col(integer("algorithm"))
        .col(big_integer("counter"))
        .col(string_len("transports", 64))
        .col(boolean("backup_eligible"))
        .col(boolean("backed_up"))
        .col(timestamp_with_time_zone_null("last_used_at"))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}

fn passkey_challenges(manager: &SchemaManager<'_>) -> TableCreateStatement {
    table(manager, "passkey_challenges")
        .col(string_len("purpose", 32))
        .col(var_binary("hash", 64))
        .col(big_integer_null("user_id"))
        .col(timestamp_with_time_zone("expires_at"))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}
