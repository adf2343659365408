//! Logging in with an account that somebody has elsewhere (OAuth 2.0, OpenID Connect).
//!
//! A login goes through three hands. The browser begins it and is sent to the provider ([`OAuthLogin`]); it comes back
//! and is sent on to the application with a code ([`OAuthCode`]); the application exchanges the code. Who finishes must
//! be who began, or somebody could be logged in as somebody else without noticing: the first way back is bound to the
//! browser by a cookie, the second by [`Binding`].

use std::time::Duration;

use uuid::Uuid;

use crate::{Timestamp, User, UserStatus};

/// An account elsewhere by which a user logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Snowflake.
    pub id: i64,
    /// The only id that the outside sees.
    pub uuid: Uuid,
    /// Whose.
    pub user_id: i64,
    /// By which configured provider it was linked.
    pub provider: String,
    /// Who vouches for it; together with `subject` it never changes and is never given anew (OpenID Connect Core,
    /// section 2). The provider's configured name is no part of that: it may come to mean somebody else.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
    /// Its address there when it was last used, for people to tell their accounts apart. Nothing is decided by it.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When it was last logged in with.
    pub last_used_at: Timestamp,
}

/// A login on its way to a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct OAuthLogin {
    /// Snowflake.
    pub id: i64,
    /// SHA-256 of `state`.
    pub hash: Vec<u8>,
    /// With which provider.
    pub provider: String,
    /// Where the browser goes in the end.
    pub redirect_uri: String,
    /// Who may finish it.
    pub binding: Binding,
    /// For which tenant.
    pub tenant: Option<Uuid>,
    /// The session whose account shall get another way to log in; without one, somebody logs in.
    pub linking_session: Option<i64>,
    /// Good until then.
    pub expires_at: Timestamp,
    /// When the browser came back with it: once.
    pub spent_at: Option<Timestamp>,
}

impl OAuthLogin {
    /// How long people may take at the provider.
    pub const LIFETIME: Duration = Duration::from_secs(10 * 60);
}

/// What ties the end of a login to its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// SHA-256 of the cookie that the browser got.
    pub browser: Vec<u8>,
    /// What the application will show the preimage of (RFC 7636, S256), for those whose exchange carries no cookie.
    pub challenge: Option<Vec<u8>>,
}

impl Binding {
    /// Whether a code may be exchanged by whoever shows a cookie and a verifier with these hashes. An announced
    /// verifier is needed; without one, the browser's cookie is.
    pub fn admits_exchange(&self, cookie: Option<&[u8]>, verifier: Option<&[u8]>) -> bool {
        match &self.challenge {
            Some(challenge) => verifier == Some(challenge),
            None => cookie == Some(self.browser.as_slice()),
        }
    }
}

/// A login that has come back from a provider and waits to be exchanged.
#[derive(Clone, PartialEq, Eq)]
pub struct OAuthCode {
    /// Snowflake.
    pub id: i64,
    /// Who logs in.
    pub user_id: i64,
    /// SHA-256 of the code.
    pub hash: Vec<u8>,
    /// Who may exchange it.
    pub binding: Binding,
    /// For which tenant.
    pub tenant: Option<Uuid>,
    /// Good until then.
    pub expires_at: Timestamp,
}

impl OAuthCode {
    /// How long it is good. It has been in a URL.
    pub const LIFETIME: Duration = Duration::from_secs(60);
}

/// What becomes of somebody who comes from a provider with an account that is not linked yet, and an address that the
/// provider vouches for.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Nobody has the address: a new account.
    Create,
    /// The account with the address is theirs, both sides have proven it.
    Link(User),
    /// Somebody registered the address and never proved it. It belongs to who has proven it elsewhere; whatever was
    /// set up with it goes, or a squatter would keep a way in.
    TakeOver(User),
    /// The account is closed.
    Closed(User),
}

impl Arrival {
    /// Judges by the account with the same address, if there is one.
    pub fn judge(found: Option<User>) -> Self {
        match found {
            None => Self::Create,
            Some(user) if user.status == UserStatus::Locked => Self::Closed(user),
            Some(user) if user.is_verified() => Self::Link(user),
            Some(user) => Self::TakeOver(user),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{Base, Email};

    #[test]
    fn addresses_that_both_sides_have_proven_lead_to_the_account() {
        let now = DateTime::from_timestamp(1_772_366_400, 0).unwrap();
        let unproven =
            User::new(Base::new(1, Uuid::nil(), now), Email::parse("a@example.com").unwrap(), None);
        let proven = User { email_verified_at: Some(now), ..unproven.clone() };
        let closed = User { status: UserStatus::Locked, ..proven.clone() };
        let closed_unproven = User { status: UserStatus::Locked, ..unproven.clone() };
        for (found, expected) in [
            (None, Arrival::Create),
            (Some(&proven), Arrival::Link(proven.clone())),
            (Some(&unproven), Arrival::TakeOver(unproven.clone())),
            (Some(&closed), Arrival::Closed(closed.clone())),
            (Some(&closed_unproven), Arrival::Closed(closed_unproven.clone())),
        ] {
            assert_eq!(Arrival::judge(found.cloned()), expected, "{found:?}");
        }
    }

    #[test]
    fn who_finishes_is_who_began() {
        let by_cookie = Binding { browser: vec![1], challenge: None };
        let by_verifier = Binding { browser: vec![1], challenge: Some(vec![2]) };
        for (binding, cookie, verifier, admitted) in [
            (&by_cookie, Some(1), None, true),
            (&by_cookie, Some(9), None, false),
            (&by_cookie, None, None, false),
            (&by_cookie, None, Some(1), false),
            (&by_verifier, None, Some(2), true),
            (&by_verifier, Some(1), None, false),
            (&by_verifier, Some(1), Some(9), false),
            (&by_verifier, Some(1), Some(2), true),
        ] {
            let (cookie, verifier) = (cookie.map(|byte| vec![byte]), verifier.map(|byte| vec![byte]));
            let found = binding.admits_exchange(cookie.as_deref(), verifier.as_deref());
            assert_eq!(found, admitted, "{binding:?} {cookie:?} {verifier:?}");
        }
    }
}
