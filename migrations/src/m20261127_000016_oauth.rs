//! Accounts elsewhere, logins on their way to and from there, and what was proven before a second factor is asked for.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, string_len, string_len_null, timestamp_with_time_zone,
    timestamp_with_time_zone_null, uuid_null, var_binary, var_binary_null,
};

use crate::columns::{create, drop, index, record, references, table, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = vec![identities(manager), logins(manager), codes(manager)];
        let indices = vec![
            unique("identities", &["issuer", "subject"]),
            index("identities", &["user_id"]),
            unique("oauth_logins", &["hash"]),
            index("oauth_logins", &["linking_session"]),
            index("oauth_logins", &["expires_at"]),
            unique("oauth_codes", &["hash"]),
            index("oauth_codes", &["user_id"]),
            index("oauth_codes", &["expires_at"]),
        ];
        create(manager, tables, indices).await?;
        if manager.has_column("mfa_challenges", "methods").await? {
            return Ok(());
        }
        let column = string_len("methods", 64).default("pwd").to_owned();
        manager.alter_table(Table::alter().table("mfa_challenges").add_column(column).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_column("mfa_challenges", "methods").await? {
            let dropped = Table::alter().table("mfa_challenges").drop_column("methods").to_owned();
            manager.alter_table(dropped).await?;
        }
        drop(manager, &["oauth_codes", "oauth_logins", "identities"]).await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// The lengths: what a URL of ours may have; OpenID Connect Core, section 2, `sub`; RFC 5321.
fn identities(manager: &SchemaManager<'_>) -> TableCreateStatement {
    record(manager, "identities")
        .col(big_integer("user_id"))
        .col(string_len("provider", 32))
        .col(string_len("issuer", 255))
        .col(string_len("subject", 255))
        .col(string_len_null("email", 254))
        .col(timestamp_with_time_zone("last_used_at"))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}

fn logins(manager: &SchemaManager<'_>) -> TableCreateStatement {
    table(manager, "oauth_logins")
        .col(var_binary("hash", 32))
        .col(string_len("provider", 32))
        .col(string_len("redirect_uri", 2048))
        .col(var_binary("browser", 32))
        .col(var_binary_null("challenge", 32))
        .col(uuid_null("tenant"))
        .col(big_integer_null("linking_session"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(timestamp_with_time_zone_null("spent_at"))
        .foreign_key(&mut references("linking_session", "sessions"))
        .to_owned()
}

fn codes(manager: &SchemaManager<'_>) -> TableCreateStatement {
    table(manager, "oauth_codes")
        .col(big_integer("user_id"))
        .col(var_binary("hash", 32))
        .col(var_binary("browser", 32))
        .col(var_binary_null("challenge", 32))
        .col(uuid_null("tenant"))
        .col(timestamp_with_time_zone("expires_at"))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}
