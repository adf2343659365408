//! The schema, step by step: one migration per area, each with its way back.
//!
//! **Invariant:** portable DDL only. What an engine does in its own way is decided in [`columns`], [`indices`] and
//! [`mysql`], once.
//! A migration that has been released is never edited; a change is a new file.

pub mod assets;
mod columns;
pub mod generate;
mod indices;
#[cfg(test)]
mod lint;
mod m20261121_000001_identity;
mod m20261121_000002_tenancy;
mod m20261121_000003_jobs;
mod m20261121_000004_audit;
mod m20261121_000005_operations;
mod m20261121_000006_idempotency;
mod m20261121_000007_outbox;
mod m20261121_000007_outbox_indices;
mod m20261121_000008_locks;
mod m20261121_000009_phone;
mod m20261121_000010_lists;
mod m20261121_000011_assets;
mod m20261127_000012_methods;
mod m20261127_000013_account;
mod m20261127_000014_mfa;
mod m20261127_000015_access;
mod m20261127_000015_access_indices;
mod m20261127_000016_oauth;
mod m20261127_000017_passkeys;
mod m20261127_000018_api_keys;
mod m20261127_000019_passwords;
mod m20261127_000020_people;
mod m20261127_000021_devices;
mod m20261129_000022_row_security;
mod m20261129_000028_schedules;
mod m20261129_000030_job_control;
mod m20261129_000031_job_turns;
mod mysql;
mod online;
pub mod row_security;

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::{DbErr, MigrationTrait, async_trait};
use sea_orm_migration::sea_orm::{DatabaseConnection, DbBackend, EntityTrait};
use sea_orm_migration::{SchemaManager, seaql_migrations};

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_identity::Migration),
            Box::new(m20261121_000002_tenancy::Migration),
            Box::new(m20261121_000003_jobs::Migration),
            Box::new(m20261121_000004_audit::Migration),
            Box::new(m20261121_000005_operations::Migration),
            Box::new(m20261121_000006_idempotency::Migration),
            Box::new(m20261121_000007_outbox::Migration),
            Box::new(m20261121_000007_outbox_indices::Migration),
            Box::new(m20261121_000008_locks::Migration),
            Box::new(m20261121_000009_phone::Migration),
            Box::new(m20261121_000010_lists::Migration),
            Box::new(m20261121_000011_assets::Migration),
            Box::new(m20261127_000012_methods::Migration),
            Box::new(m20261127_000013_account::Migration),
            Box::new(m20261127_000014_mfa::Migration),
            Box::new(m20261127_000015_access::Migration),
            Box::new(m20261127_000015_access_indices::Migration),
            Box::new(m20261127_000016_oauth::Migration),
            Box::new(m20261127_000017_passkeys::Migration),
            Box::new(m20261127_000018_api_keys::Migration),
            Box::new(m20261127_000019_passwords::Migration),
            Box::new(m20261127_000020_people::Migration),
            Box::new(m20261127_000021_devices::Migration),
            Box::new(m20261129_000022_row_security::Migration),
            Box::new(m20261129_000028_schedules::Migration),
            Box::new(m20261129_000030_job_control::Migration),
            Box::new(m20261129_000031_job_turns::Migration),
        ]
    }
}

/// Names of the migrations that this program knows, oldest first.
pub fn known() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// A table that is there while a database is being restored bit by bit, and stays if that does not end.
pub const RESTORING: &str = "mainstay_restoring";

/// Names of the migrations that the database has had. Changes nothing, and does not mind names that a newer
/// program left: while replicas are replaced one by one, the old ones go on.
///
/// # Errors
/// Those of the driver; `Migration` when a restore has not ended.
pub async fn applied(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let manager = SchemaManager::new(connection);
    if manager.get_database_backend() == DbBackend::MySql && manager.has_table(RESTORING).await? {
        let text = "a restore did not end, and the database is not whole: restore it again, with --force";
        return Err(DbErr::Migration(text.to_owned()));
    }
    if !manager.has_table("seaql_migrations").await? {
        return Ok(Vec::new());
    }
    let rows = seaql_migrations::Entity::find().all(connection).await?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}
