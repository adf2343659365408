//! What proves that somebody is a user.

use crate::Base;

/// A password credential. One per user; passkeys and providers will stand beside it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// Id, times, version.
    pub base: Base,
    /// The user it belongs to.
    pub user_id: i64,
    /// PHC string of the Argon2id hash, parameters and salt included.
    pub password_hash: String,
}

/// A hash is not a secret to print either: it can be attacked offline.
impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
