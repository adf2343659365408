//! Hashing passwords.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::Result;

/// What came of comparing a password with a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Match,
    /// It is the password, and its hash was made with weaker parameters than today's.
    MatchOutdated,
    /// It is not.
    Mismatch,
}

/// Slow, memory-hard hashing off the async runtime. At most a configured number of hashes wait.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// A PHC string with a new random salt.
    ///
    /// # Errors
    /// `RateLimited` when too many hashes are waiting.
    async fn hash(&self, password: &SecretString) -> Result<String>;
    /// Compares a password with a hash. Without a hash (nobody has that name) it does the same work for nothing,
    /// so that the time does not tell.
    ///
    /// # Errors
    /// `RateLimited` when too many hashes are waiting; `Internal` when the hash can't be read.
    async fn verify(&self, password: &SecretString, hash: Option<&str>) -> Result<Verdict>;
}
