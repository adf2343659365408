//! Everything that is stored about a person.

use async_trait::async_trait;
use domain::{Export, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::Result;

/// Reading what is stored about a person, table by table, and where exports of it are.
#[async_trait]
pub trait PersonalQueries: Send + Sync {
    /// The parts that there are, in the order to be shown in.
    fn parts(&self) -> Vec<&'static str>;
    /// One of the parts, as a person can read it: objects, from old to new, with nothing in them that opens a door.
    ///
    /// # Errors
    /// `NotFound` for no part; `Unavailable`.
    async fn part(&self, name: &str, user_id: i64) -> Result<Vec<Value>>;
    /// An export of a user, by public id.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn export(&self, user_id: i64, uuid: Uuid) -> Result<Export>;
    /// Exports that expired before `before`, each with the public id of its user; at most `limit`.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn expired_exports(&self, before: Timestamp, limit: u64) -> Result<Vec<(Export, Uuid)>>;
}

/// Noting exports.
#[async_trait]
pub trait PersonalRepo: PersonalQueries {
    /// Notes an export that was asked for.
    ///
    /// # Errors
    /// `Conflict` when the user has one that is not ready, and has not expired when the new one was asked for.
    async fn insert_export(&self, export: &Export) -> Result<()>;
    /// Notes that it is written. False when it is gone.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn export_is_ready(&self, id: i64, size: i64, now: Timestamp) -> Result<bool>;
    /// Forgets exports. Forgetting what is gone succeeds.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn remove_exports(&self, ids: &[i64]) -> Result<()>;
}
