//! Passkeys, and the challenges that wait to be signed with one.

use async_trait::async_trait;
use domain::{Passkey, PasskeyChallenge, PasskeyPurpose, Timestamp};

use crate::Result;

/// Reading passkeys.
#[async_trait]
pub trait PasskeyQueries: Send + Sync {
    /// The passkeys of a user, oldest first.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn of_user(&self, user_id: i64) -> Result<Vec<Passkey>>;
    /// The passkey that the authenticator calls so.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn by_credential(&self, credential_id: &[u8]) -> Result<Passkey>;
}

/// Writing passkeys.
#[async_trait]
pub trait PasskeyRepo: PasskeyQueries {
    /// Writes a passkey.
    ///
    /// # Errors
    /// `Conflict` when anybody has one with this credential id.
    async fn insert(&self, passkey: &Passkey) -> Result<()>;
    /// The passkey that the authenticator calls so; it stays as it is, for all others, until the unit of work ends.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn lock(&self, credential_id: &[u8]) -> Result<Passkey>;
    /// Notes a use, and what the authenticator told with it.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn note_use(&self, passkey_id: i64, counter: u32, backed_up: bool, now: Timestamp) -> Result<()>;
    /// Removes a passkey.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn remove(&self, passkey_id: i64) -> Result<()>;
    /// Writes a challenge.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn open_challenge(&self, challenge: &PasskeyChallenge) -> Result<()>;
    /// Takes the challenge out and returns it, expired ones too: of two concurrent calls one gets it.
    ///
    /// # Errors
    /// `NotFound` when there is none with this hash and purpose (any more).
    async fn take_challenge(&self, purpose: PasskeyPurpose, hash: &[u8]) -> Result<PasskeyChallenge>;
    /// Removes challenges that expired before `before`; at most `limit`. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn purge_challenges(&self, before: Timestamp, limit: u64) -> Result<u64>;
}
