//! What the operator's command does: schema, configuration, and a look at everything.

mod doctor;

use anyhow::{Context as _, Result};
use db::Process;

pub use doctor::{Check, doctor};

use crate::config::{self, Loaded};
use crate::core::connect;
use crate::process;

/// The configuration that a program started here would have.
///
/// # Errors
/// All its problems; `is_configuration` tells them from others.
pub fn configuration() -> Result<Loaded> {
    process::load()
}

/// Whether an error means exit status 78.
pub fn is_configuration(error: &anyhow::Error) -> bool {
    error.is::<config::Problems>()
}

/// Brings the schema up.
///
/// # Errors
/// With what went wrong; a failed migration has changed nothing where the engine can roll back schema changes.
pub async fn migrate_up(loaded: &Loaded) -> Result<()> {
    connect(&loaded.config, Process::Cli).await?.migrate_up().await.context("the migration failed")
}

/// Takes the newest migrations back.
///
/// # Errors
/// With what went wrong.
pub async fn migrate_down(loaded: &Loaded, steps: u32) -> Result<()> {
    connect(&loaded.config, Process::Cli).await?.migrate_down(steps).await.context("the migration failed")
}

/// Names of migrations, and whether they have been applied.
///
/// # Errors
/// When the database does not answer.
pub async fn migrate_status(loaded: &Loaded) -> Result<Vec<(String, bool)>> {
    let database = connect(&loaded.config, Process::Cli).await?;
    let migrations = database.migration_status().await.context("the state of the schema can't be read")?;
    Ok(migrations.into_iter().map(|migration| (migration.name, migration.applied)).collect())
}

/// The OpenAPI document.
///
/// # Errors
/// When it can't be written as JSON.
pub fn openapi() -> Result<String> {
    http::openapi().to_pretty_json().context("the OpenAPI document can't be written")
}
