//! Keys that programs present in the place of their owner.

use uuid::Uuid;

use crate::{Label, Permission, Timestamp};

/// What a program may do for a user, and until when.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Snowflake.
    pub id: i64,
    /// Public id.
    pub uuid: Uuid,
    /// Whose.
    pub user_id: i64,
    /// The tenant that it speaks for; without one it speaks for its owner alone, as a token does.
    pub tenant: Option<Uuid>,
    /// How its owner calls it.
    pub name: Label,
    /// The beginning of its text, to be recognised by.
    pub prefix: String,
    /// SHA-256 of the secret in it: 256 random bits need no slow hash.
    pub hash: Vec<u8>,
    /// What it may do at most; no more than its owner may at that moment.
    pub scopes: Vec<Permission>,
    /// Whether more than one factor was proven by whoever made it: some tenants let nobody in without.
    pub multi_factor: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Worth nothing from then on; some never end.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// So many may a user have.
    pub const PER_USER: usize = 50;
    /// So many scopes may one have.
    pub const SCOPES: usize = 64;

    /// Whether it has ended.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// Not its hash.
impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey")
            .field("uuid", &self.uuid)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
