//! The key ring and the seal around it.

use async_trait::async_trait;
use domain::{KeyPurpose, RingKey, Timestamp};

use crate::Result;

/// Reading the ring.
#[async_trait]
pub trait KeyQueries: Send + Sync {
    /// All keys that are not retired, oldest first.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn live(&self) -> Result<Vec<RingKey>>;
    /// All keys that there ever were, oldest first.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn all(&self) -> Result<Vec<RingKey>>;
}

/// Writing the ring.
#[async_trait]
pub trait KeyRepo: KeyQueries {
    /// Adds a key.
    ///
    /// # Errors
    /// `Conflict` when the purpose has a key of that generation: another process was faster.
    async fn insert(&self, key: &RingKey) -> Result<()>;
    /// Seals a key anew: replaces `from` by `to`.
    ///
    /// # Errors
    /// `Precondition` when the key is not sealed as `from` any more, or retired; nothing has changed then.
    async fn reseal(&self, id: i64, from: &[u8], to: &[u8]) -> Result<()>;
    /// Retires a key and forgets its bytes; its name and generation stay taken. Retiring a retired key changes
    /// nothing. True when this call retired it.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn retire(&self, id: i64, now: Timestamp) -> Result<bool>;
}

/// Authenticated encryption under the master key.
pub trait Sealer: Send + Sync {
    /// Seals `plain`. The same input gives another output each time.
    ///
    /// # Errors
    /// `Unavailable` when there is no randomness.
    fn seal(&self, purpose: KeyPurpose, plain: &[u8]) -> Result<Vec<u8>>;
    /// Opens what was sealed for the same purpose under this master key or an earlier listed one.
    ///
    /// # Errors
    /// `Internal` when it was sealed for another purpose, under an unknown key, or has been changed.
    fn open(&self, purpose: KeyPurpose, sealed: &[u8]) -> Result<Vec<u8>>;
    /// Whether something was sealed under the master key that seals now.
    fn is_current(&self, sealed: &[u8]) -> bool;
    /// HMAC-SHA-256 (RFC 2104) of the parts, each preceded by its length so that none can lend bytes to its
    /// neighbour; 32 bytes.
    fn derive(&self, key: &[u8], parts: &[&[u8]]) -> [u8; 32];
    /// SHA-256 (FIPS 180-4).
    fn digest(&self, data: &[u8]) -> [u8; 32];
}
