//! Opening the place where archives lie.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use archive_sealed::{Archives, Manifest};
use ports::{BlobStore, Random};
use system::{OsRandom, SystemClock};

use crate::config::{Loaded, SecretUrl, Setting};
use crate::core::{master_key_path, sealer};
use crate::drivers::blobs;

/// The archives at a URL, under this installation's master key.
pub(super) fn open(loaded: &Loaded, url: &str) -> Result<Archives> {
    let random: Arc<dyn Random> = Arc::new(OsRandom);
    demand_master_key(loaded)?;
    let sealer = sealer(&loaded.config, Arc::clone(&random))?;
    Ok(Archives::new(store(url)?, Arc::new(sealer), random, Arc::new(SystemClock)))
}

fn store(text: &str) -> Result<Arc<dyn BlobStore>> {
    let Ok(url) = SecretUrl::parse(text) else {
        bail!("expected a URL: file://<directory> or s3://<bucket>/<folder>")
    };
    let known = blobs().schemes();
    ensure!(
        known.contains(&url.scheme()),
        "unknown scheme `{}`; known are {}",
        url.scheme(),
        known.join(", ")
    );
    blobs().connect(url.scheme(), &url).with_context(|| format!("{url} can't be used"))
}

/// The named archive, or the newest complete one of this kind.
pub(super) async fn chosen(archives: &Archives, kind: &str, name: Option<&str>) -> Result<Manifest> {
    if let Some(name) = name {
        return of_kind(archives, kind, name).await;
    }
    for listed in archives.list().await?.into_iter().rev().filter(|listed| listed.complete) {
        let manifest = archives.manifest(&listed.name).await.with_context(|| listed.name.clone())?;
        if manifest.kind == kind {
            return Ok(manifest);
        }
    }
    bail!("there is no backup of a {kind}")
}

/// The manifest of an archive that has to be of this kind.
pub(super) async fn of_kind(archives: &Archives, kind: &str, name: &str) -> Result<Manifest> {
    let manifest = archives.manifest(name).await.with_context(|| name.to_owned())?;
    ensure!(manifest.kind == kind, "{name} is no archive of a {kind} but of a {}", manifest.kind);
    Ok(manifest)
}

/// A key that is made up now would open nothing that was sealed elsewhere, and lie in the way of the right one.
fn demand_master_key(loaded: &Loaded) -> Result<()> {
    let path = master_key_path(&loaded.config);
    ensure!(
        loaded.config.security.master_key.is_some() || path.exists(),
        "there is no master key: set MAINSTAY_SECURITY__MASTER_KEY, or put the installation's key at {}",
        path.display()
    );
    Ok(())
}
