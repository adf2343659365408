//! Migrating: one process at a time, however many start at once.

use migrations::{Migrator, MigratorTrait};
use ports::Result;

use crate::engine::Engine;
use crate::error::During;

const OPERATION: &str = "db.migrate";

/// A migration, and whether the database has had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Its name; names sort in the order of application.
    pub name: String,
    /// Whether it is done.
    pub applied: bool,
}

/// Applies what is pending. A database that a newer program has migrated is left as it is.
pub(crate) async fn up(engine: &Engine) -> Result<()> {
    let session = engine.migration_session().await?;
    let connection = &session.connection;
    let result = match pending(connection).await {
        Ok(names) if names.is_empty() => Ok(()),
        Ok(_) => Migrator::up(connection, None).await.during(OPERATION),
        Err(error) => Err(error),
    };
    connection.clone().close().await.during(OPERATION)?;
    result
}

/// Takes the newest `steps` migrations back.
pub(crate) async fn down(engine: &Engine, steps: u32) -> Result<()> {
    let session = engine.migration_session().await?;
    let result = Migrator::down(&session.connection, Some(steps)).await.during(OPERATION);
    session.connection.clone().close().await.during(OPERATION)?;
    result
}

/// All migrations that this program knows.
pub(crate) async fn status(connection: &sea_orm::DatabaseConnection) -> Result<Vec<Migration>> {
    let applied = migrations::applied(connection).await.during("db.migration_status")?;
    let known = migrations::known().into_iter();
    Ok(known.map(|name| Migration { applied: applied.contains(&name), name }).collect())
}

/// Names of those that are not done.
pub(crate) async fn pending(connection: &sea_orm::DatabaseConnection) -> Result<Vec<String>> {
    let all = status(connection).await?;
    Ok(all.into_iter().filter(|migration| !migration.applied).map(|migration| migration.name).collect())
}
