//! The database's schema: migrations, and the assets on top.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
pub use db::{AssetState, AssetStatus};
use db::{Database, Process};
use ports::Clock as _;
use system::SystemClock;

use crate::config::{Config, Loaded};
use crate::core::connect;

const FAILED: &str = "the migration failed";

/// Brings the schema up, and the assets with it.
///
/// # Errors
/// With what went wrong; a failed migration has changed nothing where the engine can roll back schema changes.
pub async fn migrate_up(loaded: &Loaded) -> Result<()> {
    open(loaded).await?.migrate_up().await.context(FAILED)
}

/// Takes the newest migrations back.
///
/// # Errors
/// With what went wrong.
pub async fn migrate_down(loaded: &Loaded, steps: u32) -> Result<()> {
    open(loaded).await?.migrate_down(steps).await.context(FAILED)
}

/// Refuses what would cost somebody their data; called before anybody is asked whether they are sure.
///
/// # Errors
/// In staging and production.
pub fn may_start_afresh(loaded: &Loaded) -> Result<()> {
    let environment = loaded.config.environment;
    ensure!(environment.is_local(), "refused in {}: it drops all data", environment.as_str());
    Ok(())
}

/// Drops every table with its rows and migrates anew.
///
/// # Errors
/// In staging and production; with what went wrong.
pub async fn migrate_fresh(loaded: &Loaded) -> Result<()> {
    may_start_afresh(loaded)?;
    open(loaded).await?.migrate_fresh().await.context(FAILED)
}

/// Names of migrations, and whether they have been applied.
///
/// # Errors
/// When the database does not answer.
pub async fn migrate_status(loaded: &Loaded) -> Result<Vec<(String, bool)>> {
    let migrations = open(loaded).await?.migration_status().await;
    let migrations = migrations.context("the state of the schema can't be read")?;
    Ok(migrations.into_iter().map(|migration| (migration.name, migration.applied)).collect())
}

/// Writes a new migration into the sources of Mainstay in `root` and registers it. The path of its file.
///
/// # Errors
/// When there are no sources, or the name can't be one.
pub fn migrate_generate(root: &Path, name: &str) -> Result<String> {
    let folder = root.join("migrations/src");
    let lib = std::fs::read_to_string(folder.join("lib.rs"))
        .context("there is no migrations/src/lib.rs here; run this in the root of the sources")?;
    let day = SystemClock.now().format("%Y%m%d").to_string();
    let generated = migrations::generate::generate(&lib, &day, name).map_err(anyhow::Error::msg)?;
    let file = folder.join(format!("{}.rs", generated.module));
    std::fs::write(&file, generated.text).with_context(|| format!("can't write {}", file.display()))?;
    std::fs::write(folder.join("lib.rs"), generated.lib).context("can't write migrations/src/lib.rs")?;
    Ok(file.display().to_string())
}

/// How every view, trigger, routine and schedule is.
///
/// # Errors
/// When the database does not answer.
pub async fn assets_status(loaded: &Loaded) -> Result<Vec<AssetStatus>> {
    open(loaded).await?.asset_status().await.context("the assets can't be read")
}

/// Makes them what this program has. The names of what had to change.
///
/// # Errors
/// With the asset that the database refused.
pub async fn assets_apply(loaded: &Loaded) -> Result<Vec<String>> {
    open(loaded).await?.apply_assets().await.context("the assets can't be applied")
}

/// Takes one away and what requires it, or all. The names of what is gone.
///
/// # Errors
/// When nobody knows the name; with what went wrong.
pub async fn assets_drop(loaded: &Loaded, name: Option<&str>) -> Result<Vec<String>> {
    let gone = open(loaded).await?.drop_assets(name).await.context("the assets can't be dropped")?;
    match name {
        Some(name) if gone.is_empty() => bail!("there is no asset {name:?}; see `mainstay assets status`"),
        _ => Ok(gone),
    }
}

/// Names of the assets that are not as this program has them, and how they are.
pub(super) fn amiss(assets: &[AssetStatus]) -> Vec<String> {
    let word = |state: &AssetState| match state {
        AssetState::Missing => Some("missing"),
        AssetState::Changed => Some("changed"),
        AssetState::Unknown => Some("unknown"),
        AssetState::Applied | AssetState::Early | AssetState::Elsewhere(_) => None,
    };
    let named = |asset: &AssetStatus| Some(format!("{} ({})", asset.name, word(&asset.state)?));
    assets.iter().filter_map(named).collect()
}

async fn open(loaded: &Loaded) -> Result<Database> {
    let config: &Config = &loaded.config;
    connect(config, Process::Cli).await
}
