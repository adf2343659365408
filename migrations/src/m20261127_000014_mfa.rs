//! Authenticator apps, recovery codes, and right passwords that wait for one of them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, integer, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid_null, var_binary,
};

use crate::columns::{create, drop, index, record, references, table, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = vec![totp_enrollments(manager), recovery_codes(manager), mfa_challenges(manager)];
        let indices = vec![
            unique("totp_enrollments", &["user_id"]),
            unique("recovery_codes", &["user_id", "hash"]),
            unique("mfa_challenges", &["hash"]),
            index("mfa_challenges", &["user_id"]),
            index("mfa_challenges", &["expires_at"]),
        ];
        create(manager, tables, indices).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["mfa_challenges", "recovery_codes", "totp_enrollments"]).await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn totp_enrollments(manager: &SchemaManager<'_>) -> TableCreateStatement {
    record(manager, "totp_enrollments")
        .col(big_integer("user_id"))
        .col(var_binary("secret_sealed", 96))
        .col(timestamp_with_time_zone_null("confirmed_at"))
        .col(big_integer("last_step"))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}

fn recovery_codes(manager: &SchemaManager<'_>) -> TableCreateStatement {
    table(manager, "recovery_codes")
        .col(big_integer("user_id"))
        .col(var_binary("hash", 32))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}

fn mfa_challenges(manager: &SchemaManager<'_>) -> TableCreateStatement {
    table(manager, "mfa_challenges")
        .col(big_integer("user_id"))
        .col(var_binary("hash", 64))
        .col(uuid_null("tenant"))
        .col(integer("tries"))
        .col(timestamp_with_time_zone("expires_at"))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}
