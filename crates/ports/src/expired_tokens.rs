//! Tokens that are worth nothing any more.

use async_trait::async_trait;
use domain::Timestamp;

use crate::Result;

/// How many tokens were removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PurgedTokens {
    /// Refresh tokens.
    pub refresh: u64,
    /// Tokens in mails.
    pub mail: u64,
}

/// Clearing expired tokens away, whosever they are.
#[async_trait]
pub trait ExpiredTokens: Send + Sync {
    /// Removes refresh tokens that expired before `refresh_before`, and mailed ones that expired before
    /// `mail_before`; at most `limit` of each. How many of each.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn purge(
        &self,
        refresh_before: Timestamp,
        mail_before: Timestamp,
        limit: u64,
    ) -> Result<PurgedTokens>;
}
