//! Keys that programs present in the place of their owner.

use async_trait::async_trait;
use domain::{ApiKey, Timestamp};
use uuid::Uuid;

use crate::Result;

/// Reading API keys, and noting that one was used: that is no change of anybody's, and written outside of any unit of work.
#[async_trait]
pub trait ApiKeyQueries: Send + Sync {
    /// The keys of a user, oldest first, expired ones too.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn of_user(&self, user_id: i64) -> Result<Vec<ApiKey>>;
    /// The key whose secret has this hash, and its owner; expired ones too.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn by_hash(&self, hash: &[u8]) -> Result<(ApiKey, Uuid)>;
    /// Notes a use, unless one at or after `unless_since` is noted. Nothing happens when the key is gone.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn note_use(&self, key: Uuid, now: Timestamp, unless_since: Timestamp) -> Result<()>;
}

/// Writing API keys. Whoever removes one raises the revision of its owner in the same unit of work.
#[async_trait]
pub trait ApiKeyRepo: ApiKeyQueries {
    /// Writes a key.
    ///
    /// # Errors
    /// `Conflict` when there is one with this hash.
    async fn insert(&self, key: &ApiKey) -> Result<()>;
    /// Removes a key of a user. True when this call did it.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn remove(&self, user_id: i64, key: Uuid) -> Result<bool>;
    /// Removes keys that expired before `before`; at most `limit`. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64>;
}
