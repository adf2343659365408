//! Backing up and restoring: a dump of the database as an archive in a blob store, and back.

use anyhow::{Context as _, Result, anyhow};
use archive_sealed::{Archives, Listed, Manifest, NewArchive};
use db::backup::{self, Origin};
use db::{Process, Settings};

use super::archives::{of_kind, open};
use crate::config::Loaded;
use crate::core::{Overrides, create_private, settings_of_database};
use crate::fail_points;

/// What the archives of backups say they are.
const KIND: &str = "database";

/// Backs the database up, whoever uses it meanwhile.
///
/// # Errors
/// With what an operator has to change; nothing is left behind then.
pub async fn backup(loaded: &Loaded, to: &str, part_bytes: u64) -> Result<Manifest> {
    let _armed = fail_points::arm(&loaded.config);
    let archives = open(loaded, to)?;
    let dump = backup::dump(&database(loaded)).await.context("the database can't be dumped")?;
    let new = NewArchive {
        kind: KIND,
        program: super::program(),
        about: serde_json::to_value(&dump.origin)?,
        sealed: true,
        part_bytes,
    };
    archives.write(new, dump.content).await.context("the backup failed; nothing is left of it")
}

/// A backup, or what is left of one.
pub struct Found {
    /// Its name and size.
    pub listed: Listed,
    /// What it says of itself; why it can't be read otherwise.
    pub manifest: Result<(Manifest, Origin)>,
}

/// The backups at a place, oldest first.
///
/// # Errors
/// When the place can't be read.
pub async fn backups(loaded: &Loaded, at: &str) -> Result<Vec<Found>> {
    let archives = open(loaded, at)?;
    let mut found = Vec::new();
    for listed in archives.list().await? {
        let manifest = if listed.complete {
            manifest(&archives, &listed.name).await
        } else {
            Err(anyhow!("it was cut short, or is still being written"))
        };
        found.push(Found { listed, manifest });
    }
    Ok(found)
}

/// Reads a whole backup (the newest, if none is named) and compares it with what was written.
///
/// # Errors
/// With what is wrong with it.
pub async fn verify_backup(loaded: &Loaded, at: &str, name: Option<&str>) -> Result<Manifest> {
    let archives = open(loaded, at)?;
    let (manifest, _) = chosen(&archives, name).await?;
    archives.verify(&manifest).await.with_context(|| manifest.name.clone())?;
    Ok(manifest)
}

/// Restores a backup (the newest, if none is named) into the configured database. All of it is read and compared
/// before anything is changed.
///
/// # Errors
/// With what an operator has to change.
pub async fn restore(loaded: &Loaded, from: &str, name: Option<&str>, replace: bool) -> Result<Manifest> {
    let _armed = fail_points::arm(&loaded.config);
    let archives = open(loaded, from)?;
    let (manifest, origin) = chosen(&archives, name).await?;
    create_private(&loaded.config.data_dir).context("can't create the data directory")?;
    let target = backup::target(&database(loaded), &origin, replace).await.context("nothing was changed")?;
    let verified = archives.verify(&manifest).await;
    verified.with_context(|| format!("{} can't be restored; nothing was changed", manifest.name))?;
    let content = archives.read(&manifest)?;
    target.load(content).await.with_context(|| format!("the restore of {} failed", manifest.name))?;
    Ok(manifest)
}

/// As the owner of the tables: the service may not read and write all that a dump holds.
fn database(loaded: &Loaded) -> Settings {
    let settings = settings_of_database(&loaded.config, Process::Cli, &Overrides::default());
    let url = settings.owner_url.clone().unwrap_or_else(|| settings.url.clone());
    Settings { url, owner_url: None, role: None, ..settings }
}

/// The named one, or the newest that is complete.
async fn chosen(archives: &Archives, name: Option<&str>) -> Result<(Manifest, Origin)> {
    described(super::archives::chosen(archives, KIND, name).await?)
}

async fn manifest(archives: &Archives, name: &str) -> Result<(Manifest, Origin)> {
    described(of_kind(archives, KIND, name).await?)
}

/// With what it says it is of.
fn described(manifest: Manifest) -> Result<(Manifest, Origin)> {
    let origin = serde_json::from_value(manifest.about.clone());
    let origin = origin.with_context(|| format!("{} does not say what it is of", manifest.name))?;
    Ok((manifest, origin))
}
