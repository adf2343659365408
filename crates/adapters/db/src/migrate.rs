//! Migrating: one process at a time, however many start at once.

use migrations::{Migrator, MigratorTrait, assets};
use ports::Result;
use sea_orm::DatabaseConnection;

use crate::engine::Engine;
use crate::error::During;
use crate::rights;

const OPERATION: &str = "db.migrate";

/// A migration, and whether the database has had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Its name; names sort in the order of application.
    pub name: String,
    /// Whether it is done.
    pub applied: bool,
}

/// Applies what is pending, and the assets on top. A database that a newer program has migrated is left as it is.
pub(crate) async fn up(engine: &Engine) -> Result<()> {
    exclusively(engine, async |connection| {
        if !pending(connection).await?.is_empty() {
            Migrator::up(connection, None).await.during(OPERATION)?;
        }
        apply_assets(connection).await.map(|_| ())
    })
    .await
}

/// Takes the newest `steps` migrations back. Assets stand on tables, so they go first, and those that stand on what
/// is left come back.
pub(crate) async fn down(engine: &Engine, steps: u32) -> Result<()> {
    exclusively(engine, async |connection| {
        assets::drop_all(connection).await.during(OPERATION)?;
        Migrator::down(connection, Some(steps)).await.during(OPERATION)?;
        apply_assets(connection).await.map(|_| ())
    })
    .await
}

/// Drops every table with its rows, whoever made it, and migrates anew.
pub(crate) async fn fresh(engine: &Engine) -> Result<()> {
    exclusively(engine, async |connection| {
        assets::drop_all(connection).await.during(OPERATION)?;
        Migrator::fresh(connection).await.during(OPERATION)?;
        apply_assets(connection).await.map(|_| ())
    })
    .await
}

/// Makes the assets what this program has. The names of what had to change.
pub(crate) async fn assets_up(engine: &Engine) -> Result<Vec<String>> {
    exclusively(engine, apply_assets).await
}

/// Takes one asset away and what requires it, or all. The names of what is gone.
pub(crate) async fn assets_down(engine: &Engine, name: Option<&str>) -> Result<Vec<String>> {
    exclusively(engine, async |connection| {
        let gone = match name {
            Some(name) => assets::drop_one(connection, name).await,
            None => assets::drop_all(connection).await,
        };
        gone.during(OPERATION)
    })
    .await
}

async fn apply_assets(connection: &DatabaseConnection) -> Result<Vec<String>> {
    let changed = assets::apply(connection).await.during(OPERATION)?;
    if !changed.is_empty() {
        tracing::info!(assets = changed.join(", "), "database assets were brought up to date");
    }
    Ok(changed)
}

/// On the one connection that may change the schema now, as the owner. Whatever has changed, the service then holds
/// the rights that are due.
async fn exclusively<T>(
    engine: &Engine,
    change: impl AsyncFnOnce(&DatabaseConnection) -> Result<T>,
) -> Result<T> {
    let session = engine.migration_session().await?;
    let changed = async {
        let changed = change(&session.connection).await?;
        for grantee in engine.grantees().await? {
            rights::settle(&session.connection, &grantee).await.during(OPERATION)?;
        }
        Ok(changed)
    };
    let result = changed.await;
    session.connection.clone().close().await.during(OPERATION)?;
    result
}

/// All migrations that this program knows.
pub(crate) async fn status(connection: &DatabaseConnection) -> Result<Vec<Migration>> {
    let applied = migrations::applied(connection).await.during("db.migration_status")?;
    let known = migrations::known().into_iter();
    Ok(known.map(|name| Migration { applied: applied.contains(&name), name }).collect())
}

/// Names of those that are not done.
pub(crate) async fn pending(connection: &DatabaseConnection) -> Result<Vec<String>> {
    let all = status(connection).await?;
    Ok(all.into_iter().filter(|migration| !migration.applied).map(|migration| migration.name).collect())
}
