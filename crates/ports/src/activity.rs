//! How much an account is used.

use async_trait::async_trait;
use domain::{Timestamp, UserActivity};

use crate::Result;

/// Reading when and how much users were there.
#[async_trait]
pub trait ActivityQueries: Send + Sync {
    /// What is known of a user at `now`: sessions that nobody has ended and that could be gone on with. Soft-deleted
    /// users are not found.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn of_user(&self, user_id: i64, now: Timestamp) -> Result<UserActivity>;
}
