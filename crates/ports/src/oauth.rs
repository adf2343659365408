//! Accounts elsewhere, and logins on their way to and from there.

use async_trait::async_trait;
use domain::{Identity, OAuthCode, OAuthLogin, Timestamp};

use crate::Result;

/// Reading accounts elsewhere.
#[async_trait]
pub trait IdentityQueries: Send + Sync {
    /// Those of a user, the first linked first.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn of_user(&self, user_id: i64) -> Result<Vec<Identity>>;
}

/// Writing accounts elsewhere.
#[async_trait]
pub trait IdentityRepo: IdentityQueries {
    /// The one that an issuer knows by this subject. Both are compared byte by byte.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn by_subject(&self, issuer: &str, subject: &str) -> Result<Identity>;
    /// Writes one.
    ///
    /// # Errors
    /// `Conflict` when it is linked already, to whomever.
    async fn insert(&self, identity: &Identity) -> Result<()>;
    /// Notes that it was used, and its address now.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn touch(&self, id: i64, email: Option<&str>, now: Timestamp) -> Result<()>;
    /// Those of a user, the first linked first; they stay as they are, for all others, until the unit of work ends.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn lock_of_user(&self, user_id: i64) -> Result<Vec<Identity>>;
    /// Removes one. True when it was there.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn remove(&self, id: i64) -> Result<bool>;
    /// Removes all of a user. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn remove_of_user(&self, user_id: i64) -> Result<u64>;
}

/// Reading logins on their way.
#[async_trait]
pub trait OAuthQueries: Send + Sync {
    /// The login whose state has this hash, expired and spent ones too.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn login(&self, hash: &[u8]) -> Result<OAuthLogin>;
    /// The code with this hash, expired ones too; it stays good.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn code(&self, hash: &[u8]) -> Result<OAuthCode>;
}

/// Writing logins on their way.
#[async_trait]
pub trait OAuthRepo: OAuthQueries {
    /// Writes a login that begins.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn begin(&self, login: &OAuthLogin) -> Result<()>;
    /// Notes that the browser came back.
    ///
    /// # Errors
    /// `Precondition` when it had before: of two at the same time one gets in.
    async fn spend(&self, login_id: i64, now: Timestamp) -> Result<()>;
    /// Writes a code.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn give_code(&self, code: &OAuthCode) -> Result<()>;
    /// Removes a code.
    ///
    /// # Errors
    /// `NotFound` when it is not there (any more): of two at the same time one gets it.
    async fn take_code(&self, code_id: i64) -> Result<()>;
    /// Removes logins and codes that expired before `before`; at most `limit` of each. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64>;
}
