//! Tenants, who belongs to them, and what roles grant.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, string_len};

use crate::columns::{TableIndex, aggregate, create, drop, index, references, unique, unique_live};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = vec![
            aggregate(manager, "tenants").col(string_len("name", 200)).col(string_len("slug", 64)).to_owned(),
            memberships(manager),
            roles(manager),
            link("role_permissions", "role_id", "roles", string_len("permission", 100)),
            link("membership_roles", "membership_id", "memberships", big_integer("role_id"))
                .foreign_key(&mut references("role_id", "roles"))
                .to_owned(),
            link("platform_roles", "user_id", "users", big_integer("role_id"))
                .foreign_key(&mut references("role_id", "roles"))
                .to_owned(),
        ];
        let indices = vec![
            unique_live("tenants", &["slug"]),
            unique_live("memberships", &["user_id", "tenant_id"]),
            index("memberships", &["tenant_id"]),
            unique_live("roles", &["tenant_id", "name"]),
            unique_platform_role(),
            index("membership_roles", &["role_id"]),
            index("platform_roles", &["role_id"]),
        ];
        create(manager, tables, indices).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(
            manager,
            &["platform_roles", "membership_roles", "role_permissions", "roles", "memberships", "tenants"],
        )
        .await
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn memberships(manager: &SchemaManager<'_>) -> TableCreateStatement {
    aggregate(manager, "memberships")
        .col(big_integer("tenant_id"))
        .col(big_integer("user_id"))
        .col(string_len("status", 16))
        .foreign_key(&mut references("tenant_id", "tenants"))
        .foreign_key(&mut references("user_id", "users"))
        .to_owned()
}

/// A role without a tenant belongs to the platform.
fn roles(manager: &SchemaManager<'_>) -> TableCreateStatement {
    aggregate(manager, "roles")
        .col(big_integer_null("tenant_id"))
        .col(string_len("name", 100))
        .col(boolean("system"))
        .foreign_key(&mut references("tenant_id", "tenants"))
        .to_owned()
}

/// A table that says nothing but "this one has that one".
fn link(name: &'static str, from: &'static str, to: &'static str, other: ColumnDef) -> TableCreateStatement {
    let other_name = other.get_column_name();
    Table::create()
        .table(name)
        .col(big_integer(from))
        .col(other)
        .primary_key(Index::create().col(from).col(other_name))
        .foreign_key(&mut references(from, to))
        .to_owned()
}

/// Nulls differ from each other in a unique index, so the platform's roles need one of their own.
fn unique_platform_role() -> TableIndex {
    let of_platform = Expr::col("tenant_id").is_null().and(Expr::col("deleted_at").is_null());
    unique("roles", &["name"]).named("roles_platform_name").keyed_by_reference("of_platform", of_platform)
}
