//! The key ring, from the command line.

use anyhow::{Context as _, Result};
use application::Context;
pub use application::keys::{KeyInfo, KeyState, Rotation};
use domain::KeyPurpose;

use super::operate;
use crate::config::Loaded;

/// All keys, oldest first.
///
/// # Errors
/// When the ring can't be read or opened.
pub async fn keys_list(loaded: &Loaded) -> Result<Vec<KeyInfo>> {
    operate(loaded, async |shared| shared.app.keys.list().await.context("the key ring can't be read")).await
}

/// Begins a rotation of each purpose; see [`application::keys::KeyRing::rotate`].
///
/// # Errors
/// When a purpose does not exist or does not rotate, or the database does not answer.
pub async fn keys_rotate(loaded: &Loaded, purposes: &[&str]) -> Result<Vec<Rotation>> {
    operate(loaded, async |shared| {
        let mut rotations = Vec::new();
        for name in purposes {
            let purpose =
                KeyPurpose::from_stored(name).with_context(|| format!("there are no keys for {name}"))?;
            let rotation = shared.app.keys.rotate(&Context::system("operator", None), purpose).await;
            rotations.push(rotation.with_context(|| format!("{name} can't be rotated"))?);
        }
        Ok(rotations)
    })
    .await
}

/// Seals all keys anew under the first master key. How many were sealed under another.
///
/// # Errors
/// When a key can't be opened, or the database does not answer.
pub async fn keys_reseal(loaded: &Loaded) -> Result<u64> {
    operate(loaded, async |shared| {
        let resealed = shared.app.keys.reseal(&Context::system("operator", None)).await;
        resealed.context("the key ring can't be sealed anew")
    })
    .await
}
