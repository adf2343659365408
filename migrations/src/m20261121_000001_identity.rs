//! Users, how they prove who they are, and their sessions.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, string_len, string_len_null, text, text_null,
    timestamp_with_time_zone, timestamp_with_time_zone_null, var_binary, var_binary_null,
};

use crate::columns::{aggregate, create, drop, index, references, table, unique, unique_live};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = vec![
            users(manager),
            credentials(manager),
            sessions(manager),
            refresh_tokens(manager),
            mail_tokens(manager),
            login_attempts(),
        ];
        let indices = vec![
            unique_live("users", &["email"]),
            unique_live("credentials", &["user_id"]),
            index("sessions", &["user_id"]),
            index("sessions", &["expires_at"]),
            index("sessions", &["revoked_at"]).and_where(Expr::col("revoked_at").is_not_null()),
            unique("refresh_tokens", &["hash"]),
            index("refresh_tokens", &["session_id"]),
            unique("mail_tokens", &["hash"]),
            index("mail_tokens", &["user_id", "purpose"]),
            index("mail_tokens", &["expires_at"]),
            index("login_attempts", &["window_ends_at"]),
        ];
        create(manager, tables, indices).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(
            manager,
            &["login_attempts", "mail_tokens", "refresh_tokens", "sessions", "credentials", "users"],
        )
        .await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn users(manager: &SchemaManager<'_>) -> TableCreateStatement {
    aggregate(manager, "users")
        .col(string_len("email", 254))
        .col(string_len_null("display_name", 100))
        .col(string_len("status", 16))
        .col(timestamp_with_time_zone_null("email_verified_at"))
        .col(big_integer("auth_revision"))
        .to_owned()
}

fn credentials(manager: &SchemaManager<'_>) -> TableCreateStatement {
    aggregate(manager, "credentials")
        .col(big_integer("user_id"))
        .col(text("password_hash"))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}

fn sessions(manager: &SchemaManager<'_>) -> TableCreateStatement {
    aggregate(manager, "sessions")
        .col(big_integer("user_id"))
        .col(big_integer_null("tenant_id"))
        .col(string_len_null("ip", 64))
        .col(text_null("user_agent"))
        .col(timestamp_with_time_zone("authenticated_at"))
        .col(timestamp_with_time_zone("last_used_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(timestamp_with_time_zone_null("revoked_at"))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}

fn refresh_tokens(manager: &SchemaManager<'_>) -> TableCreateStatement {
    table(manager, "refresh_tokens")
        .col(big_integer("session_id"))
        .col(var_binary("hash", 64))
        .col(timestamp_with_time_zone("expires_at"))
        .col(timestamp_with_time_zone_null("spent_at"))
        .col(var_binary_null("nonce", 64))
        .foreign_key(&mut references("session_id", "sessions"))
        .to_owned()
}

fn mail_tokens(manager: &SchemaManager<'_>) -> TableCreateStatement {
    table(manager, "mail_tokens")
        .col(big_integer("user_id"))
        .col(string_len("purpose", 32))
        .col(var_binary("hash", 64))
        .col(timestamp_with_time_zone("expires_at"))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}

/// No user id: an identifier that nobody has is counted, too, and the table names nobody.
fn login_attempts() -> TableCreateStatement {
    Table::create()
        .table("login_attempts")
        .col(var_binary("identifier", 64))
        .col(string_len("network", 64))
        .col(integer("failures"))
        .col(timestamp_with_time_zone("window_ends_at"))
        .primary_key(Index::create().col("identifier").col("network"))
        .to_owned()
}
