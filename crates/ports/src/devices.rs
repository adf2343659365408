//! Devices that people have logged in from.

use async_trait::async_trait;
use domain::{Device, Seen, Timestamp};
use uuid::Uuid;

use crate::Result;

/// Looking at devices.
#[async_trait]
pub trait DeviceQueries: Send + Sync {
    /// By public id.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn by_uuid(&self, uuid: Uuid) -> Result<Device>;
    /// Whether the user has logged in from the network since then, with whichever program.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn knows_network(&self, user_id: i64, network: &str, since: Timestamp) -> Result<bool>;
    /// All of a user, from old to new.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn of_user(&self, user_id: i64) -> Result<Vec<Device>>;
}

/// Noting devices.
#[async_trait]
pub trait DeviceRepo: DeviceQueries {
    /// Notes that the user logs in from a device at `last_seen_at`, and tells whether that is new: whether the same
    /// network and program, or any, were seen at `since` or later. One that is known keeps its ids and the time it was
    /// first seen. Of two at the same time from one new device, both may be new, and one is noted.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn see(&self, device: &Device, since: Timestamp) -> Result<Seen>;
    /// Removes devices that were last seen before `before`; at most `limit`. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64>;
}
