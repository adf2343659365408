//! From a key to a principal.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use moka::sync::Cache;
use ports::ResultExt;
use uuid::Uuid;

use super::text;
use crate::auth::authenticate::Asked;
use crate::auth::ground::By;
use crate::auth::{Auth, Principal};
use crate::{AuthFailure, Result};

/// How exactly the last use is known.
const MINUTE: Duration = Duration::from_secs(60);

/// What never changes of a key while there is one. Whether there still is, the revision of its owner tells.
#[derive(Clone, Copy)]
struct Known {
    asked: Asked,
    key: Uuid,
    expires_at: Option<Timestamp>,
}

/// What is remembered of keys.
pub(crate) struct Keys {
    /// By SHA-256 of the secret.
    by_hash: Cache<[u8; 32], Known>,
    /// When this process last noted a use.
    noted: Cache<Uuid, Timestamp>,
}

impl Default for Keys {
    fn default() -> Self {
        let by_hash = Cache::builder().max_capacity(100_000).time_to_idle(15 * MINUTE).build();
        Self { by_hash, noted: Cache::builder().max_capacity(100_000).time_to_idle(15 * MINUTE).build() }
    }
}

impl Auth {
    /// Who presents this key: its owner, within its scopes. As warm as a token, and refused as soon as one.
    ///
    /// # Errors
    /// As [`Auth::authenticate`].
    pub(in crate::auth) async fn authenticate_key(&self, text: &str) -> Result<Arc<Principal>> {
        let secret = text::read(self.core.sealer.as_ref(), text).ok_or(AuthFailure::Unauthenticated)?;
        let known = self.known(self.core.sealer.digest(&secret)).await?;
        let now = self.core.clock.now();
        if known.expires_at.is_some_and(|end| end <= now) {
            return Err(AuthFailure::TokenExpired.into());
        }
        let principal = self.principal(known.asked).await?;
        self.note_use(known.key, now).await;
        Ok(principal)
    }

    async fn known(&self, hash: [u8; 32]) -> Result<Known> {
        let keys = &self.bearers.keys.by_hash;
        if let Some(known) = keys.get(&hash) {
            return Ok(known);
        }
        let found = self.core.store.api_keys().by_hash(&hash).await.optional()?;
        let (key, user) = found.ok_or(AuthFailure::Unauthenticated)?;
        let asked = Asked { user, by: By::Key(key.uuid), tenant: key.tenant };
        let known = Known { asked, key: key.uuid, expires_at: key.expires_at };
        keys.insert(hash, known);
        Ok(known)
    }

    /// One statement a minute for each key and process. Nobody is kept out because it failed.
    async fn note_use(&self, key: Uuid, now: Timestamp) {
        let noted = &self.bearers.keys.noted;
        if noted.get(&key).is_some_and(|noted| now < noted + MINUTE) {
            return;
        }
        noted.insert(key, now);
        if let Err(error) = self.core.store.api_keys().note_use(key, now, now - MINUTE).await {
            tracing::warn!(%error, %key, "the use of an API key could not be noted");
        }
    }
}
