//! Argon2id (RFC 9106) for passwords, stored as PHC strings.
//!
//! Hashing runs on threads of its own: it is bounded in memory and never takes the async runtime's blocking
//! threads from other work.
//! **Invariant:** a password leaves this crate only as a hash, and its copies are wiped.

mod pepper;
mod phc;
mod pool;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use argon2::{Algorithm, Params, ParamsBuilder, Version};
use async_trait::async_trait;
use ports::{Error, Kind, PasswordHasher, Random, Result, Verdict};
use secrecy::{SecretBox, SecretString};

use crate::pepper::Pepper;
use crate::phc::Stored;
use crate::pool::{MOST_MEMORY, Pool, Recipe};

const SALT_LEN: usize = 16;
const TAG_LEN: usize = 32;
/// Compared with when nobody has the name. Its value does not matter: the outcome is never looked at.
const DUMMY_SALT: [u8; SALT_LEN] = *b"nobody's account";

/// How hard hashing is, and how much of it may go on. OWASP's Password Storage Cheat Sheet lists equivalent
/// choices, among them 19456 KiB, 2 iterations, parallelism 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Memory of one hash in KiB; at least 8 per degree of parallelism, at most 1 GiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes of the algorithm. One thread computes them all: more make nothing faster here.
    pub parallelism: u32,
    /// Hashes at a time.
    pub threads: usize,
    /// Hashes that may wait for a thread; further ones are refused.
    pub max_waiting: usize,
}

/// Hashes passwords on its own threads, which end when it is dropped.
pub struct Argon2Hasher {
    params: Params,
    /// The newest first, which hashes are made with.
    peppers: Vec<Arc<Pepper>>,
    pool: Pool,
    random: Arc<dyn Random>,
}

impl Argon2Hasher {
    /// Starts the threads. Hashes are made with the first of the peppers, if any, and compared with the one they were
    /// made with.
    ///
    /// # Errors
    /// `Internal` when Argon2 does not allow the settings, when `threads` is 0, or when the operating system
    /// gives no threads.
    pub fn new(
        settings: Settings,
        peppers: Vec<SecretBox<[u8; 32]>>,
        random: Arc<dyn Random>,
    ) -> Result<Self> {
        let Settings { memory_kib, iterations, parallelism, threads, max_waiting } = settings;
        let refused = |reason: String| Error::with(Kind::Internal, "set up password hashing", reason);
        if memory_kib > MOST_MEMORY {
            return Err(refused(format!("the memory of a hash is at most {MOST_MEMORY} KiB")));
        }
        let peppers: Vec<_> = peppers.into_iter().map(Pepper::new).collect();
        let mut params = ParamsBuilder::new();
        params.m_cost(memory_kib).t_cost(iterations).p_cost(parallelism).output_len(TAG_LEN);
        if let Some(newest) = peppers.first() {
            params.keyid(newest.id()?);
        }
        let params = params.build().map_err(|error| refused(error.to_string()))?;
        let pool = Pool::start(threads, max_waiting)?;
        Ok(Self { params, peppers, pool, random })
    }

    /// Today's way to hash.
    fn recipe(&self, salt: &[u8; SALT_LEN]) -> Recipe {
        Recipe {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: self.params.clone(),
            salt: salt.to_vec(),
            pepper: self.peppers.first().cloned(),
        }
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: &SecretString) -> Result<String> {
        let mut salt = [0; SALT_LEN];
        self.random.fill(&mut salt)?;
        let tag = self.pool.tag(password.clone(), self.recipe(&salt)).await?;
        phc::format(&self.params, &salt, &tag)
    }

    async fn verify(&self, password: &SecretString, hash: Option<&str>) -> Result<Verdict> {
        let stored = hash.map(Stored::parse).transpose()?;
        let recipe = stored.as_ref().and_then(|stored| stored.recipe(&self.peppers));
        let (Some(stored), Some(recipe)) = (&stored, recipe) else {
            if stored.is_some() {
                tracing::error!(
                    "a password was hashed with a pepper that is not configured, and can't be used"
                );
            }
            self.pool.tag(password.clone(), self.recipe(&DUMMY_SALT)).await?;
            return Ok(Verdict::Mismatch);
        };
        let tag = self.pool.tag(password.clone(), recipe).await?;
        Ok(match tag == stored.tag {
            false => Verdict::Mismatch,
            true if stored.is_weaker_than(&self.params) => Verdict::MatchOutdated,
            true => Verdict::Match,
        })
    }
}
