//! Rows of tenants are shown to nobody who does not say whose they are (PostgreSQL).

use sea_orm_migration::prelude::*;

use crate::row_security::{
    Owned::{self, ByTenant, Through},
    Reach::{self, Lookup, Purge, Seed},
    protect, unprotect,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Children before what they belong to, so that no table is open while what it belongs to is not.
const TABLES: [(&str, Owned, &[Reach]); 7] = [
    ("role_permissions", Through { table: "roles", column: "role_id", role: None }, &[Lookup]),
    ("role_parents", Through { table: "roles", column: "role_id", role: Some("parent_id") }, &[Lookup]),
    (
        "membership_roles",
        Through { table: "memberships", column: "membership_id", role: Some("role_id") },
        &[Lookup, Seed],
    ),
    (
        "invitation_roles",
        Through { table: "invitations", column: "invitation_id", role: Some("role_id") },
        &[Lookup],
    ),
    ("roles", ByTenant, &[Lookup, Seed]),
    ("memberships", ByTenant, &[Lookup, Seed]),
    ("invitations", ByTenant, &[Lookup, Purge]),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, owned, beyond) in TABLES {
            protect(manager.get_connection(), table, owned, beyond).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, ..) in TABLES {
            unprotect(manager.get_connection(), table).await?;
        }
        Ok(())
    }

    /// A crash in the middle leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
