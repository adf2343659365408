//! Users, credentials, sessions and tokens. They are global: no tenant scope.

use async_trait::async_trait;
use domain::{
    Attempts, AuthMethods, Credential, Email, Lockout, MailPurpose, MailToken, Phone, RefreshToken,
    SearchKey, Session, Timestamp, User, UserStatus,
};
use uuid::Uuid;

use crate::{Order, Page, PageOf, Result, SortKey};

/// What users can be sorted by. Address and name are compared as [`SearchKey`]s.
pub const USER_ORDERS: &[Order] = &[
    &[SortKey::asc("createdAt")],
    &[SortKey::asc("email")],
    &[SortKey::asc("displayName")],
    &[SortKey::asc("createdAt"), SortKey::desc("email")],
];

/// Which users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Exact status.
    pub status: Option<UserStatus>,
    /// Whether the address has been proven.
    pub verified: Option<bool>,
    /// Soft-deleted users instead of live ones.
    pub deleted: bool,
    /// Exactly this telephone number, which several may have.
    pub phone: Option<Phone>,
    /// The address or the name begins with it, compared as [`SearchKey`]s.
    pub search: Option<SearchKey>,
}

/// Reading users. Soft-deleted users are not found unless asked for.
#[async_trait]
pub trait UserQueries: Send + Sync {
    /// By internal id.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn by_id(&self, id: i64) -> Result<User>;
    /// By public id.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn by_uuid(&self, uuid: Uuid) -> Result<User>;
    /// By normalised address.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn by_email(&self, email: &Email) -> Result<User>;
    /// A soft-deleted user by public id.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn deleted_by_uuid(&self, uuid: Uuid) -> Result<User>;
    /// Users, in one of [`USER_ORDERS`] or its reverse.
    ///
    /// # Errors
    /// `Unsupported` for another order, or a position with more or fewer keys; `Unavailable`.
    async fn list(&self, filter: &UserFilter, page: &Page) -> Result<PageOf<User>>;
    /// How many users the filter lets through. Costs as much as reading them.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn count(&self, filter: &UserFilter) -> Result<u64>;
    /// True when there is no user at all, deleted ones included.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn is_empty(&self) -> Result<bool>;
}

/// Writing users.
#[async_trait]
pub trait UserRepo: UserQueries {
    /// Writes a new user.
    ///
    /// # Errors
    /// `Conflict` when a live user has the address.
    async fn insert(&self, user: &User) -> Result<()>;
    /// Writes a new user. Where a live one has the address already, that one is called as the new one, and its version
    /// raised, as long as nobody has proven the address; otherwise nothing changes. Who has the address then. By the
    /// same statements in each case, so that their time does not tell which it was.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn claim(&self, user: &User) -> Result<User>;
    /// Writes all fields of a user that was read at `user.base.version` and raises the version by one. Never
    /// lowers `auth_revision`, which may have been bumped since.
    ///
    /// # Errors
    /// `Precondition` when the row is at another version or deleted; nothing has changed then.
    async fn update(&self, user: &User) -> Result<()>;
    /// Brings back a soft-deleted user that was read at `user.base.version`: clears `deleted_at`, writes
    /// `updated_at` and raises the version by one.
    ///
    /// # Errors
    /// `Precondition` when the row is at another version or not deleted; `Conflict` when a live user has the address.
    async fn restore(&self, user: &User) -> Result<()>;
    /// Removes users that were soft-deleted before `before`, the first deleted first, with everything that hangs on
    /// them, their own keys included; at most `limit`. Whom: of two callers at the same time one hears of each.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn purge(&self, before: Timestamp, limit: u64) -> Result<Vec<Uuid>>;
    /// Writes what users are searched and sorted by where a release that knew nothing of it has written the row; at
    /// most `limit`. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn complete_search_keys(&self, limit: u64) -> Result<u64>;
    /// Raises `auth_revision` by one, whatever the version: what replicas remember of the user ends.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn bump_auth_revision(&self, id: i64) -> Result<()>;
}

/// Reading credentials.
#[async_trait]
pub trait CredentialQueries: Send + Sync {
    /// The password of a user.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    async fn of_user(&self, user_id: i64) -> Result<Credential>;
    /// Hashes of at most `limit` passwords that the user had before, the last one first.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn former(&self, user_id: i64, limit: u64) -> Result<Vec<String>>;
}

/// Writing credentials.
#[async_trait]
pub trait CredentialRepo: CredentialQueries {
    /// Writes a new credential.
    ///
    /// # Errors
    /// `Conflict` when the user has one already.
    async fn insert(&self, credential: &Credential) -> Result<()>;
    /// Writes the password of a user, or replaces it, as long as nobody has proven the user's address; otherwise
    /// nothing changes. By the same statement in each case, so that its time does not tell which it was.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn propose(&self, credential: &Credential) -> Result<()>;
    /// Replaces the hash.
    ///
    /// # Errors
    /// `NotFound` when the user has no password.
    async fn replace_hash(&self, user_id: i64, hash: &str, now: Timestamp) -> Result<()>;
    /// Removes the password of a user, for good. True when there was one.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn remove(&self, user_id: i64) -> Result<bool>;
    /// Keeps a hash that is being replaced, under a snowflake of its own, and forgets all but the last `keep`.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn keep_former(&self, id: i64, user_id: i64, hash: &str, now: Timestamp, keep: u64) -> Result<()>;
}

/// What sessions can be sorted by.
pub const SESSION_ORDERS: &[Order] = &[&[SortKey::asc("createdAt")]];

/// Which sessions: those of one user that could be gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionFilter {
    /// Whose.
    pub user_id: i64,
    /// Neither ended nor expired then.
    pub live_at: Timestamp,
}

/// Reading sessions.
#[async_trait]
pub trait SessionQueries: Send + Sync {
    /// By public id (`sid`), ended ones too.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn by_uuid(&self, uuid: Uuid) -> Result<Session>;
    /// One page of the live sessions of a user.
    ///
    /// # Errors
    /// `Unsupported` for another order than one of [`SESSION_ORDERS`] or its reverse, or a position with more or
    /// fewer keys; `Unavailable`.
    async fn list(&self, filter: &SessionFilter, page: &Page) -> Result<PageOf<Session>>;
    /// How many those are.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn count(&self, filter: &SessionFilter) -> Result<u64>;
}

/// Writing sessions.
#[async_trait]
pub trait SessionRepo: SessionQueries {
    /// Opens a session.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn insert(&self, session: &Session) -> Result<()>;
    /// By internal id, ended ones too.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn by_id(&self, id: i64) -> Result<Session>;
    /// Notes that its person has proven anew who they are, and how.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn reauthenticate(&self, id: i64, methods: &AuthMethods, now: Timestamp) -> Result<()>;
    /// Notes for which tenant its access tokens speak from now on.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn set_tenant(&self, id: i64, tenant_id: Option<i64>, now: Timestamp) -> Result<()>;
    /// Notes that a session was used.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn touch(&self, id: i64, now: Timestamp) -> Result<()>;
    /// Notes that sessions were used at `at`, where the last use that is known is a minute older. Nothing else about them
    /// moves: neither version nor time of change.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn note_uses(&self, ids: &[i64], at: Timestamp) -> Result<()>;
    /// Ends a session; ending an ended one changes nothing. True when this call ended it.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn revoke(&self, id: i64, now: Timestamp) -> Result<bool>;
    /// Ends all sessions of a user, except for the one with the internal id `kept`. How many this call ended.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn revoke_of_user(&self, user_id: i64, kept: Option<i64>, now: Timestamp) -> Result<u64>;
    /// Removes sessions, and their tokens, that ended or expired before `before`; at most `limit`. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64>;
}

/// Refresh tokens, by hash only.
#[async_trait]
pub trait RefreshTokenRepo: Send + Sync {
    /// Writes a token.
    ///
    /// # Errors
    /// `Conflict` when the hash exists.
    async fn insert(&self, token: &RefreshToken) -> Result<()>;
    /// The token with this hash. The row stays locked until the unit of work ends: of two concurrent
    /// presentations of one token the second sees what the first one did.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn lock_by_hash(&self, hash: &[u8]) -> Result<RefreshToken>;
    /// Marks a token as exchanged.
    ///
    /// # Errors
    /// `Conflict` when it is spent already.
    async fn spend(&self, id: i64, nonce: &[u8], now: Timestamp) -> Result<()>;
}

/// Looking at tokens that travel by mail.
#[async_trait]
pub trait MailTokenQueries: Send + Sync {
    /// The token with this hash and purpose, expired ones too; it stays good.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn by_hash(&self, purpose: MailPurpose, hash: &[u8]) -> Result<MailToken>;
}

/// Tokens that travel by mail.
#[async_trait]
pub trait MailTokenRepo: MailTokenQueries {
    /// Writes a token; writing the same hash again changes nothing.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn insert(&self, token: &MailToken) -> Result<()>;
    /// Takes the token out and returns it: of two concurrent calls one gets it.
    ///
    /// # Errors
    /// `NotFound` when there is none with this hash and purpose.
    async fn take(&self, purpose: MailPurpose, hash: &[u8]) -> Result<MailToken>;
    /// Removes all tokens of a user for a purpose.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn clear(&self, user_id: i64, purpose: MailPurpose) -> Result<()>;
}

/// Failed logins per identifier and network. The identifier is a keyed hash: the table names nobody.
#[async_trait]
pub trait LoginAttempts: Send + Sync {
    /// What has been counted, expired windows included.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn get(&self, identifier: &[u8], network: &str) -> Result<Option<Attempts>>;
    /// Counts one failure, atomically, and begins a new window when the old one has ended.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn fail(
        &self,
        identifier: &[u8],
        network: &str,
        rule: &Lockout,
        now: Timestamp,
    ) -> Result<Attempts>;
    /// Forgets what has been counted.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn clear(&self, identifier: &[u8], network: &str) -> Result<()>;
    /// Removes windows that ended before `before`; at most `limit`. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64>;
}
