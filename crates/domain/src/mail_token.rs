//! Single-use tokens that travel by mail and prove that somebody reads an address.

use std::time::Duration;

use crate::Timestamp;

/// What a mailed token is good for. A token of one purpose is never accepted for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailPurpose {
    /// Proving the address of an account.
    VerifyEmail,
    /// Proving the address that an account shall have instead.
    ChangeEmail,
    /// Choosing a password without knowing the old one.
    ResetPassword,
}

impl MailPurpose {
    /// The stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::ChangeEmail => "change-email",
            Self::ResetPassword => "reset-password",
        }
    }

    /// How long it is good.
    pub fn lifetime(self) -> Duration {
        match self {
            Self::VerifyEmail | Self::ChangeEmail => Duration::from_secs(24 * 60 * 60),
            Self::ResetPassword => Duration::from_secs(30 * 60),
        }
    }
}

/// A token as stored: its hash only.
#[derive(Clone, PartialEq, Eq)]
pub struct MailToken {
    /// Snowflake.
    pub id: i64,
    /// For whom.
    pub user_id: i64,
    /// For what.
    pub purpose: MailPurpose,
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
    /// Good until then.
    pub expires_at: Timestamp,
}
