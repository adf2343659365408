//! Second factors: authenticator apps, recovery codes, and passwords that wait for one of them.

use async_trait::async_trait;
use domain::{MfaChallenge, Timestamp, TotpEnrollment};

use crate::Result;

/// Reading second factors.
#[async_trait]
pub trait MfaQueries: Send + Sync {
    /// The authenticator app of a user, confirmed or not.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn totp_of(&self, user_id: i64) -> Result<TotpEnrollment>;
    /// The challenge whose token has this hash, whether or not it is still open.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn challenge(&self, hash: &[u8]) -> Result<MfaChallenge>;
}

/// Writing second factors.
#[async_trait]
pub trait MfaRepo: MfaQueries {
    /// Writes an authenticator app, in the place of one that was not confirmed.
    ///
    /// # Errors
    /// `Conflict` when the user has a confirmed one.
    async fn enroll(&self, enrollment: &TotpEnrollment) -> Result<()>;
    /// Confirms it by the code of a step, which is used with that.
    ///
    /// # Errors
    /// `Conflict` when there is none, or it is confirmed already.
    async fn confirm(&self, user_id: i64, step: i64, now: Timestamp) -> Result<()>;
    /// Uses the code of a step up.
    ///
    /// # Errors
    /// `Precondition` when it, or a later one, was used: of two at the same time one gets in.
    async fn use_step(&self, user_id: i64, step: i64) -> Result<()>;
    /// Removes the authenticator app and all recovery codes. True when there was one.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn remove(&self, user_id: i64) -> Result<bool>;
    /// Writes recovery codes, each a snowflake and a keyed hash, in the place of all former ones.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn replace_recovery_codes(&self, user_id: i64, codes: &[(i64, Vec<u8>)]) -> Result<()>;
    /// Uses a recovery code up.
    ///
    /// # Errors
    /// `NotFound` when the user has none with this hash (any more): of two at the same time one gets in.
    async fn take_recovery_code(&self, user_id: i64, hash: &[u8]) -> Result<()>;
    /// Writes a challenge.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn open_challenge(&self, challenge: &MfaChallenge) -> Result<()>;
    /// The challenge with this hash; it stays as it is, for all others, until the unit of work ends.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn lock_challenge(&self, hash: &[u8]) -> Result<MfaChallenge>;
    /// Counts a wrong code.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn count_try(&self, challenge_id: i64) -> Result<()>;
    /// Removes a challenge that was met.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn close_challenge(&self, challenge_id: i64) -> Result<()>;
    /// Removes challenges that expired before `before`; at most `limit`. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn purge_challenges(&self, before: Timestamp, limit: u64) -> Result<u64>;
}
