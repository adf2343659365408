//! How far recurring work is, over all processes.

use async_trait::async_trait;
use domain::{ScheduleState, Timestamp};
use uuid::Uuid;

use crate::Result;

/// Looking at schedules.
#[async_trait]
pub trait ScheduleQueries: Send + Sync {
    /// All that were ever noted, by name.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn all(&self) -> Result<Vec<ScheduleState>>;
}

/// Moving schedules on.
#[async_trait]
pub trait ScheduleRepo: ScheduleQueries {
    /// Notes a schedule whose times count from `since` on. One that is known stays as it is.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn note(&self, name: &str, since: Timestamp) -> Result<()>;
    /// Takes a time for `job`. True for one of all who try it, whichever process they are in; false when it is not later
    /// than the last one, while the schedule is paused, and for one that was never noted.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn take(&self, name: &str, tick: Timestamp, job: Uuid) -> Result<bool>;
    /// Lets a schedule rest. One that rests already does so since then.
    ///
    /// # Errors
    /// `NotFound` for one that was never noted; `Unavailable`.
    async fn pause(&self, name: &str, at: Timestamp) -> Result<()>;
    /// Lets a schedule go on; its times count from `since` on, whether or not it rested.
    ///
    /// # Errors
    /// `NotFound` for one that was never noted; `Unavailable`.
    async fn resume(&self, name: &str, since: Timestamp) -> Result<()>;
    /// Notes the job that somebody caused by hand. No time is taken by it.
    ///
    /// # Errors
    /// `NotFound` for one that was never noted; `Unavailable`.
    async fn ran(&self, name: &str, job: Uuid) -> Result<()>;
}
