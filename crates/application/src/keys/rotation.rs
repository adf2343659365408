//! How keys come and go: published, active, superseded, retired.

use std::time::Duration;

use domain::{KeyPurpose, RingKey, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::KeyRing;
use crate::jobs::{JobSpec, kind};
use crate::{Action, Context, Error, Result, Work};

const ROTATE: Action = Action { name: "key.rotate", resource: "key" };
const RETIRE: Action = Action { name: "key.retire", resource: "key" };
const RESEAL: Action = Action { name: "key.reseal", resource: "key" };

/// The job that brings rotations to their end.
pub(super) const TEND: &str = "keys.tend";

/// A key as operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyInfo {
    /// Its name.
    pub kid: String,
    /// What it is for.
    pub purpose: &'static str,
    /// Which one of its purpose, from 1.
    pub generation: i32,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it is, or was, first used.
    pub active_from: Timestamp,
    /// When it was given up.
    pub retired_at: Option<Timestamp>,
}

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum KeyState {
    /// Every process learns of it; nobody uses it yet.
    Published,
    /// Signs, encrypts, derives.
    Active,
    /// Still accepted, because something that it made is still around.
    Superseded,
    /// Gone for good.
    Retired,
}

/// What became of the wish to rotate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The new key. Everything further happens by itself.
    Published(KeyInfo),
    /// The rotation before has not come to its end; this is its new key.
    Underway(KeyInfo),
}

impl KeyRing {
    /// All keys, oldest first.
    pub async fn list(&self) -> Result<Vec<KeyInfo>> {
        let (keys, now) = (self.core.store.keys().all().await?, self.core.clock.now());
        Ok(keys.iter().map(|key| info(key, &keys, now)).collect())
    }

    /// Publishes the next key of a purpose, and orders the job that brings the rotation to its end. One rotation
    /// of a purpose at a time: of two that begin at once, the other learns of the winner's key.
    ///
    /// # Errors
    /// `Invalid` for the derivation key, which nothing that it made could outlive.
    pub async fn rotate(&self, context: &Context, purpose: KeyPurpose) -> Result<Rotation> {
        if purpose == KeyPurpose::Derivation {
            return Err(Error::field("purpose", "purpose", "does not rotate"));
        }
        let keys = self.core.store.keys().all().await?;
        let of_purpose = || keys.iter().filter(|key| key.purpose == purpose);
        if of_purpose().filter(|key| key.retired_at.is_none()).count() > 1 {
            return self.underway(purpose).await;
        }
        let generation = of_purpose().map(|key| key.generation).max().unwrap_or(0) + 1;
        let key =
            self.new_key(purpose, generation, self.core.clock.now() + self.core.settings.keys_published)?;
        match self.publish(context, &key).await {
            Ok(()) => {
                self.reload().await?;
                Ok(Rotation::Published(info(&key, std::slice::from_ref(&key), self.core.clock.now())))
            }
            Err(Error::Conflict) => self.underway(purpose).await,
            Err(error) => Err(error),
        }
    }

    /// Seals every key anew under the first master key. How many were not sealed under it before.
    pub async fn reseal(&self, context: &Context) -> Result<u64> {
        let keys = self.core.store.keys().live().await?;
        let mut outdated = keys;
        outdated.retain(|key| !self.core.sealer.is_current(&key.sealed));
        let outdated = outdated.as_slice();
        if outdated.is_empty() {
            return Ok(0);
        }
        Work::run(&self.core, context, RESEAL, |mut work| async move {
            work.on("ring");
            for key in outdated {
                let opened = self.core.sealer.open(key.purpose, &key.sealed)?;
                let sealed = self.core.sealer.seal(key.purpose, &opened)?;
                work.tx().keys().reseal(key.id, &key.sealed, &sealed).await?;
            }
            work.commit().await
        })
        .await?;
        Ok(outdated.len() as u64)
    }

    /// Keys that others have superseded for so long that nobody makes anything with them any more.
    pub(super) async fn unused(&self, purposes: &[KeyPurpose]) -> Result<Vec<RingKey>> {
        let (keys, now) = (self.core.store.keys().live().await?, self.core.clock.now());
        let settled = |key: &RingKey| key.active_from + self.settling(key.purpose) <= now;
        let superseded = |key: &RingKey| {
            let successor =
                |other: &&RingKey| other.purpose == key.purpose && other.generation > key.generation;
            keys.iter().filter(successor).any(settled)
        };
        let unused = keys.iter().filter(|key| purposes.contains(&key.purpose) && superseded(key));
        Ok(unused.cloned().collect())
    }

    /// Retires a key. What it made can't be read or checked any more.
    pub(super) async fn retire(&self, context: &Context, key: &RingKey) -> Result<()> {
        Work::run(&self.core, context, RETIRE, |mut work| async move {
            work.on(&key.kid);
            if work.tx().keys().retire(key.id, self.core.clock.now()).await? {
                work.commit().await?;
            }
            Ok(())
        })
        .await
    }

    /// Orders the job that brings rotations to their end, at the time when there will be something to do.
    pub(super) async fn order_tending(&self, work: &Work<'_>, delay: Duration) -> Result<()> {
        let Some(kind) = kind(TEND) else { return Ok(()) };
        let due = self.core.clock.now() + delay;
        let spec = JobSpec { delay, ..JobSpec::now(kind, json!({})) };
        work.enqueue(spec.unique(format!("{TEND}@{}", due.timestamp()))).await?;
        Ok(())
    }

    /// For so long after a key has become active its predecessor may still be in use. Beyond the clocks' differences
    /// and the units of work that are under way, an access token lives on.
    fn settling(&self, purpose: KeyPurpose) -> Duration {
        let settings = &self.core.settings;
        match purpose {
            KeyPurpose::AccessToken => settings.lifetimes.access + settings.keys_published,
            _ => settings.keys_published,
        }
    }

    async fn publish(&self, context: &Context, key: &RingKey) -> Result<()> {
        let delay = self.core.settings.keys_published + self.settling(key.purpose);
        Work::run(&self.core, context, ROTATE, |mut work| async move {
            work.on(&key.kid);
            work.tx().keys().insert(key).await?;
            self.order_tending(&work, delay).await?;
            work.commit().await
        })
        .await
    }

    async fn underway(&self, purpose: KeyPurpose) -> Result<Rotation> {
        let keys = self.list().await?;
        let newest = keys.into_iter().rfind(|key| key.purpose == purpose.as_str());
        newest.map(Rotation::Underway).ok_or(Error::Conflict)
    }
}

fn info(key: &RingKey, all: &[RingKey], now: Timestamp) -> KeyInfo {
    let successor = |other: &RingKey| {
        other.purpose == key.purpose && other.generation > key.generation && other.active_from <= now
    };
    let state = match key.retired_at {
        Some(_) => KeyState::Retired,
        None if key.active_from > now => KeyState::Published,
        None if all.iter().any(successor) => KeyState::Superseded,
        None => KeyState::Active,
    };
    KeyInfo {
        kid: key.kid.clone(),
        purpose: key.purpose.as_str(),
        generation: key.generation,
        state,
        active_from: key.active_from,
        retired_at: key.retired_at,
    }
}
