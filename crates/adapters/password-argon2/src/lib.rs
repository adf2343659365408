//! Argon2id (RFC 9106) for passwords, stored as PHC strings.
//!
//! Hashing runs on threads of its own: it is bounded in memory and never takes the async runtime's blocking
//! threads from other work.
//! **Invariant:** a password leaves this crate only as a hash, and its copies are wiped.

mod phc;
mod pool;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use ports::{Error, Kind, PasswordHasher, Random, Result, Verdict};
use secrecy::SecretString;

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
    pool: Pool,
    random: Arc<dyn Random>,
}

impl Argon2Hasher {
    /// Starts the threads.
    ///
    /// # Errors
    /// `Internal` when Argon2 does not allow the settings, when `threads` is 0, or when the operating system
    /// gives no threads.
    pub fn new(settings: Settings, random: Arc<dyn Random>) -> Result<Self> {
        let Settings { memory_kib, iterations, parallelism, threads, max_waiting } = settings;
        let refused = |reason: String| Error::with(Kind::Internal, "set up password hashing", reason);
        if memory_kib > MOST_MEMORY {
            return Err(refused(format!("the memory of a hash is at most {MOST_MEMORY} KiB")));
        }
        let params = Params::new(memory_kib, iterations, parallelism, Some(TAG_LEN))
            .map_err(|error| refused(error.to_string()))?;
        let pool = Pool::start(threads, max_waiting)?;
        Ok(Self { params, pool, random })
    }

    /// Today's way to hash.
    fn recipe(&self, salt: &[u8; SALT_LEN]) -> Recipe {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        Recipe { argon2, salt: salt.to_vec() }
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
        let Some(hash) = hash else {
            self.pool.tag(password.clone(), self.recipe(&DUMMY_SALT)).await?;
            return Ok(Verdict::Mismatch);
        };
        let stored = Stored::parse(hash)?;
        let tag = self.pool.tag(password.clone(), stored.recipe()).await?;
        Ok(match tag == stored.tag {
            false => Verdict::Mismatch,
            true if stored.is_weaker_than(&self.params) => Verdict::MatchOutdated,
            true => Verdict::Match,
        })
    }
}
