//! Registration, login, tokens, sessions, and who a bearer is.
//!
//! One file per use case; [`secret`] makes opaque tokens, [`principal`] remembers who is who.

mod api_keys;
mod authenticate;
mod change_email;
mod devices;
mod ground;
mod login;
mod logout;
mod mfa;
mod oauth;
mod passkeys;
mod passwords;
mod policies;
mod principal;
mod proof;
mod reauthenticate;
mod refresh;
mod register;
mod revisions;
mod second_factor;
mod secret;
mod session;
mod sessions;
mod shared;
mod switch_tenant;
mod uses;
mod verify_email;
mod ways_in;

pub use api_keys::{CreatedApiKey, NewApiKey};
pub use login::{LoggedIn, Login};
pub use mfa::Enrolled;
pub use oauth::{Departure, OAuthBegin, OAuthExchange, OAuthRefusal, OAuthReturn};
pub use principal::Principal;
pub use reauthenticate::FreshProof;
pub(crate) use register::Newcomer;
pub use register::Registration;
pub use second_factor::{Challenge, SecondFactor};
pub(crate) use secret::{Secret, mail_token_text};
pub use session::SignedIn;
pub use switch_tenant::Switched;

use std::sync::Arc;

use crate::Core;
use crate::cached::Cached;
use crate::keys::KeyRing;
use crate::limits::Limits;
use crate::lists::Lists;

/// Use cases of identity.
#[derive(Clone)]
pub struct Auth {
    core: Core,
    keys: KeyRing,
    bearers: Arc<authenticate::Bearers>,
    cached: Cached,
    lists: Lists,
    limits: Limits,
    uses: Arc<uses::Uses>,
}

impl Auth {
    pub(crate) fn new(core: Core, keys: KeyRing, cached: Cached, lists: Lists, limits: Limits) -> Self {
        Self { core, keys, bearers: Arc::default(), cached, lists, limits, uses: Arc::default() }
    }

    /// What replicas have kept of a session goes. After the commit that ended it.
    async fn uncache(&self, session: uuid::Uuid) {
        self.cached.invalidate(&shared::tag(session)).await;
    }

    /// Forgets what this process remembers of rights in a scope. To be called once a unit of work that changed its
    /// policy has committed; other processes see the raised revision.
    pub(crate) fn forget_scope(&self, scope: domain::TenantScope) {
        self.bearers.principals.forget_scope(scope);
    }

    /// Forgets what this process remembers of a user. To be called once a unit of work that ended the user's sessions
    /// has committed; other processes see the raised revision.
    pub(crate) fn forget_user(&self, user_id: i64) {
        self.bearers.principals.forget_user(user_id);
    }
}
