//! Secrets that hashes are made with and that no database holds (RFC 9106, section 3.1, the secret value K).

use std::sync::Arc;

use argon2::KeyId;
use aws_lc_rs::digest::{SHA256, digest};
use ports::{Error, Kind, Result};
use secrecy::{ExposeSecret, SecretBox};

/// Bytes of a pepper's name.
const NAME_LEN: usize = 6;

/// One pepper. Hashes name theirs, so that it is found again among others.
pub(crate) struct Pepper {
    key: SecretBox<[u8; 32]>,
    name: [u8; NAME_LEN],
}

impl Pepper {
    /// The name says nothing about the key: the beginning of a hash of 32 random bytes.
    pub(crate) fn new(key: SecretBox<[u8; 32]>) -> Arc<Self> {
        let mut name = [0; NAME_LEN];
        name.copy_from_slice(&digest(&SHA256, key.expose_secret()).as_ref()[..NAME_LEN]);
        Arc::new(Self { key, name })
    }

    pub(crate) fn key(&self) -> &[u8] {
        self.key.expose_secret()
    }

    pub(crate) fn id(&self) -> Result<KeyId> {
        KeyId::new(&self.name).map_err(|error| Error::with(Kind::Internal, "name a pepper", error))
    }

    pub(crate) fn is_named(&self, name: &[u8]) -> bool {
        self.name == name
    }
}
