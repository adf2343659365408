//! Roles that inherit, how often policies have changed, what tenants are like, and invitations to them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, boolean, string_len, string_len_null, timestamp_with_time_zone, var_binary,
};

use crate::columns::{aggregate, create, drop, index, references, unique, unique_live};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, mut column) in added() {
            if !manager.has_column(table, column.get_column_name()).await? {
                manager.alter_table(Table::alter().table(table).add_column(&mut column).to_owned()).await?;
            }
        }
        let tables = vec![
            link("role_parents", "role_id", "roles", "parent_id"),
            policies(),
            invitations(manager),
            link("invitation_roles", "invitation_id", "invitations", "role_id"),
        ];
        let indices = vec![
            index("role_parents", &["parent_id"]),
            unique_live("invitations", &["tenant_id", "email"]),
            unique("invitations", &["hash"]),
            index("invitations", &["tenant_id", "id"]),
            index("invitations", &["expires_at"]),
            index("invitation_roles", &["role_id"]),
        ];
        create(manager, tables, indices).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["invitation_roles", "invitations", "policies", "role_parents"]).await?;
        for (table, column) in added() {
            let name = column.get_column_name();
            if manager.has_column(table, &name).await? {
                manager.alter_table(Table::alter().table(table).drop_column(name).to_owned()).await?;
            }
        }
        Ok(())
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Columns of tables that are there.
fn added() -> Vec<(&'static str, ColumnDef)> {
    vec![
        ("roles", string_len_null("description", 500)),
        ("tenants", string_len("status", 16).default("active").to_owned()),
        ("tenants", boolean("requires_mfa").default(false).to_owned()),
        ("tenants", string_len_null("settings", 8192)),
    ]
}

/// A scope that was never changed has no row. The platform is scope 0.
fn policies() -> TableCreateStatement {
    Table::create()
        .table("policies")
        .col(big_integer("scope_id").primary_key())
        .col(big_integer("revision"))
        .to_owned()
}

fn invitations(manager: &SchemaManager<'_>) -> TableCreateStatement {
    aggregate(manager, "invitations")
        .col(big_integer("tenant_id"))
        .col(string_len("email", 254))
        .col(big_integer("invited_by"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(var_binary("hash", 32))
        .foreign_key(&mut references("tenant_id", "tenants"))
        .foreign_key(&mut references("invited_by", "users"))
        .to_owned()
}

/// Which roles something has.
fn link(
    name: &'static str,
    from: &'static str,
    to: &'static str,
    role: &'static str,
) -> TableCreateStatement {
    Table::create()
        .table(name)
        .col(big_integer(from))
        .col(big_integer(role))
        .primary_key(Index::create().col(from).col(role))
        .foreign_key(&mut references(from, to))
        .foreign_key(&mut references(role, "roles"))
        .to_owned()
}
