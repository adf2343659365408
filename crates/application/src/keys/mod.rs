//! The key ring: creates the first keys, opens the sealed ones, hands them to whoever signs or encrypts.

mod rotation;
mod tending;

pub use rotation::{KeyInfo, KeyState, Rotation};
pub use tending::{Tended, Tending};

use std::sync::{Arc, RwLock};

use domain::{KeyPurpose, RingKey, Timestamp};
use ports::{ColumnKey, ColumnKeys, Kind, SigningKey};
use serde_json::Value;

use crate::{Action, Context, Core, Error, Result, Work};

const CREATE: Action = Action { name: "key.create", resource: "key" };

/// The ring of this process.
#[derive(Clone)]
pub struct KeyRing {
    core: Core,
    derivation: Arc<RwLock<Option<Arc<Vec<u8>>>>>,
}

impl KeyRing {
    pub(crate) fn new(core: Core) -> Self {
        Self { core, derivation: Arc::default() }
    }

    /// Creates what is missing and loads the ring. Two processes that start at once agree: the generation of a
    /// key is unique, so that the slower one loads what the faster one made.
    pub async fn ensure(&self, context: &Context) -> Result<()> {
        let present = self.core.store.keys().live().await?;
        for purpose in KeyPurpose::ALL {
            if !present.iter().any(|key| key.purpose == purpose) {
                match self.create(context, purpose).await {
                    Ok(()) | Err(Error::Conflict) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        self.reload().await
    }

    /// Loads the ring again. Called from time to time, so that a key made elsewhere is known before it signs.
    pub async fn reload(&self) -> Result<()> {
        let mut signing = Vec::new();
        let mut columns = ColumnKeys::default();
        for key in self.core.store.keys().live().await? {
            let opened = self.core.sealer.open(key.purpose, &key.sealed)?;
            match key.purpose {
                KeyPurpose::AccessToken => {
                    signing.push(SigningKey { kid: key.kid, pkcs8: opened, active_from: key.active_from });
                }
                KeyPurpose::Column => columns.sealing.push(column_key(&key, opened)),
                KeyPurpose::BlindIndex => columns.indexing.push(column_key(&key, opened)),
                KeyPurpose::Derivation => {
                    let mut slot = self.derivation.write().unwrap_or_else(std::sync::PoisonError::into_inner);
                    *slot = Some(Arc::new(opened));
                }
                // It lies with its archive.
                KeyPurpose::Archive => {}
            }
        }
        self.core.columns.install(columns)?;
        Ok(self.core.tokens.install(signing)?)
    }

    /// The public keys as a JWK set (RFC 7517).
    pub fn jwks(&self) -> Value {
        self.core.tokens.jwks()
    }

    /// 32 bytes that only this installation can derive from the parts. The first part names the use.
    pub(crate) fn derive(&self, parts: &[&[u8]]) -> Result<[u8; 32]> {
        let key = self.derivation.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let missing = || Error::Unavailable(ports::Error::new(Kind::Unavailable, "keys.derive"));
        Ok(self.core.sealer.derive(&key.ok_or_else(missing)?, parts))
    }

    fn new_key(&self, purpose: KeyPurpose, generation: i32, active_from: Timestamp) -> Result<RingKey> {
        let plain = match purpose {
            KeyPurpose::AccessToken => self.core.tokens.generate_key()?,
            KeyPurpose::Derivation | KeyPurpose::Column | KeyPurpose::BlindIndex | KeyPurpose::Archive => {
                let mut key = vec![0; 32];
                self.core.random.fill(&mut key)?;
                key
            }
        };
        Ok(RingKey {
            id: self.core.ids.snowflake()?,
            kid: self.core.ids.uuid()?.to_string(),
            purpose,
            generation,
            sealed: self.core.sealer.seal(purpose, &plain)?,
            active_from,
            retired_at: None,
        })
    }

    async fn create(&self, context: &Context, purpose: KeyPurpose) -> Result<()> {
        let key = &self.new_key(purpose, 1, self.core.clock.now())?;
        Work::run(&self.core, context, CREATE, |mut work| async move {
            work.on(&key.kid);
            work.tx().keys().insert(key).await?;
            work.commit().await
        })
        .await
    }
}

fn column_key(key: &RingKey, opened: Vec<u8>) -> ColumnKey {
    ColumnKey { generation: key.generation, bytes: opened.into(), active_from: key.active_from }
}
