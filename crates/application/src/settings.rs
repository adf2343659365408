//! The knobs of the use cases. Where they come from is not known here.

use std::time::Duration;

use domain::{Lifetimes, Lockout, PasswordPolicy};
use url::Url;

/// What the use cases can be told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `iss` of access tokens.
    pub issuer: String,
    /// `aud` of access tokens.
    pub audience: String,
    /// Where links in mails lead.
    pub link_base: Url,
    /// How long sessions and tokens live.
    pub lifetimes: Lifetimes,
    /// Which passwords are acceptable.
    pub password_policy: PasswordPolicy,
    /// The last so many passwords, the present one among them, can't be chosen again.
    pub password_history: u32,
    /// When guessing stops.
    pub lockout: Lockout,
    /// How often callers may do what.
    pub rate_limits: RateLimits,
    /// How long a new key is published before it is used: longer than any process goes on writing without having
    /// read the ring.
    pub keys_published: Duration,
    /// How events are named.
    pub events: Events,
    /// One tenant or many.
    pub tenancy: Tenancy,
    /// How long what is over is kept.
    pub retention: Retention,
    /// Logins with other providers.
    pub oauth: OAuth,
}

/// Logins with other providers.
#[derive(Debug, Clone)]
pub struct OAuth {
    /// Providers send browsers back to `<this>/<provider>/callback`.
    pub callbacks: String,
    /// Where browsers may go on to.
    pub redirect_uris: Vec<String>,
}

/// How often callers may do what; each at least once.
#[derive(Debug, Clone, Copy)]
pub struct RateLimits {
    /// Whether there are limits at all.
    pub enabled: bool,
    /// Tries of a secret from one address.
    pub secrets_per_minute: u32,
    /// Calls about sessions from one address.
    pub sessions_per_minute: u32,
    /// Calls that may send a mail from one address.
    pub mails_per_minute: u32,
    /// Tries of one identifier's secrets from networks it is not known to be used from, all together.
    pub guesses_per_hour: u32,
    /// Mails of one kind to one address.
    pub mails_per_hour: u32,
    /// Mails of one kind to one address.
    pub mails_per_day: u32,
}

/// How long what is over is kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Deleted users can be restored for so long, then they are removed for good.
    pub deleted_users: Duration,
    /// Events that died are kept for so long.
    pub dead_events: Duration,
}

/// How events are named on the wire.
#[derive(Debug, Clone)]
pub struct Events {
    /// CloudEvents `source`.
    pub source: String,
    /// Prefix of their type, in reverse DNS order.
    pub type_prefix: String,
}

/// Whether tenants are visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tenancy {
    /// Everybody is a member of one default tenant.
    Single,
    /// Tenants are created and joined.
    Multi,
}
