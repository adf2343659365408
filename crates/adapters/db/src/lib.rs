//! The database: every repository, the unit of work, the job table, the outbox and the cluster of processes,
//! on SQLite, PostgreSQL and MySQL/MariaDB.
//!
//! **Invariant:** no SeaORM type is visible outside. What differs between engines is decided in [`dialect`],
//! [`engine`] and [`backup`], nowhere else. Parameters of statements are never logged.

mod access;
mod activity;
mod api_keys;
mod attempts;
mod audit;
pub mod backup;
mod bulk;
mod cluster;
mod conn;
mod credentials;
mod database;
mod dedicated;
mod devices;
mod dialect;
mod engine;
mod entity;
mod error;
mod expired_tokens;
mod idempotency;
mod identities;
mod inbox;
mod invitations;
mod jobs;
mod keys;
mod locks;
mod mail_tokens;
mod mailbox;
mod members;
mod mfa;
mod migrate;
mod oauth;
mod outbox;
mod paging;
mod passkeys;
mod person_keys;
mod personal;
mod raises;
mod reach;
mod remarks;
mod replicas;
mod rights;
mod roles;
mod schedules;
mod sealed;
mod sessions;
mod settings;
mod soft_delete;
mod store;
mod tenant_content;
mod tenants;
mod text;
mod tokens;
mod users;
mod wakeups;
mod whole;

#[cfg(test)]
mod tests;

pub use database::{Database, connect};
pub use dedicated::dedicate_thread;
pub use migrate::Migration;
pub use migrations::assets::{AssetState, AssetStatus};
pub use rights::{Role, Standing};
pub use settings::{Process, Settings};
