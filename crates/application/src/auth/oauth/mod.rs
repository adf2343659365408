//! Logging in, and linking an account, by way of another provider. The flow stands in `docs/oauth.md`.
//!
//! [`begin`] sends a browser away, [`finish`] receives it and decides whose account that is ([`arrive`]), [`exchange`]
//! gives the session, [`identities`] lists and unlinks. Neither `state` nor code nor verifier is stored: the first two
//! as hashes, the last is derived anew from `state` under the installation's own key.

mod arrive;
mod begin;
mod exchange;
mod finish;
mod identities;

use std::convert::Infallible;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
pub use begin::{Departure, OAuthBegin};
pub use exchange::OAuthExchange;
pub use finish::OAuthReturn;
use ports::{IdentityProvider, Kind, Question};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use url::Url;

use super::Auth;
use super::secret::Secret;
use crate::{Action, Context, Error, Result, Work};

/// Why somebody who came back from a provider was not let in. The application is told by `error=<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the login with the other provider did not succeed")]
pub enum OAuthRefusal {
    /// The person said no, or the provider did.
    AccessDenied,
    /// The way back does not belong to the way there: another browser, another provider, or a second time.
    StateInvalid,
    /// It took too long.
    LoginExpired,
    /// What the provider says can't be believed, or makes no sense.
    ProviderFailed,
    /// The provider does not answer.
    ProviderUnavailable,
    /// The provider has no address of them, or does not say that it is theirs.
    EmailNotVerified,
    /// The account is closed.
    AccountClosed,
    /// The account there is linked to another one here.
    IdentityTaken,
    /// The session that wanted to link it has ended.
    SessionEnded,
}

impl OAuthRefusal {
    /// Stable code, part of the contract.
    pub fn code(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::StateInvalid => "state_invalid",
            Self::LoginExpired => "login_expired",
            Self::ProviderFailed => "provider_failed",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::EmailNotVerified => "email_not_verified",
            Self::AccountClosed => "account_closed",
            Self::IdentityTaken => "identity_taken",
            Self::SessionEnded => "session_ended",
        }
    }

    /// What an error of a provider means to a login. Ours of the configuration are for the log.
    fn of(error: &ports::Error, provider: &str) -> Self {
        tracing::warn!(provider, error = %ports::Chain(error), "an identity provider is of no help");
        match error.kind() {
            Kind::Unavailable | Kind::RateLimited => Self::ProviderUnavailable,
            _ => Self::ProviderFailed,
        }
    }
}

impl From<OAuthRefusal> for Error {
    fn from(refusal: OAuthRefusal) -> Self {
        Self::OAuth(refusal)
    }
}

/// What a question to a provider is made of. All of it follows from `state`, so that whichever process goes on needs
/// nothing else.
struct Asked {
    callback: Url,
    state: SecretString,
    nonce: SecretString,
    verifier: SecretString,
    traceparent: Option<String>,
}

impl Asked {
    fn question(&self) -> Question<'_> {
        Question {
            callback: &self.callback,
            state: self.state.expose_secret(),
            nonce: self.nonce.expose_secret(),
            verifier: &self.verifier,
            traceparent: self.traceparent.as_deref(),
        }
    }
}

impl Auth {
    fn provider(&self, name: &str) -> Option<&Arc<dyn IdentityProvider>> {
        self.core.providers.get(name)
    }

    /// Records a refusal for which nothing else was done, and gives it back.
    async fn denied(
        &self,
        context: &Context,
        action: Action,
        resource: &str,
        refusal: impl Fn() -> Error,
    ) -> Error {
        let refusal = &refusal;
        let recorded = Work::run(&self.core, context, action, |mut work| async move {
            work.on(resource);
            Err::<Infallible, _>(work.deny(refusal()).await)
        });
        match recorded.await {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    fn asked(&self, context: &Context, provider: &str, state: &Secret) -> Result<Asked> {
        let derived = |use_: &[u8]| -> Result<SecretString> {
            let bytes = self.keys.derive(&[use_, provider.as_bytes(), state.bytes()])?;
            Ok(URL_SAFE_NO_PAD.encode(bytes).into())
        };
        let base = &self.core.settings.oauth.callbacks;
        let callback = Url::parse(&format!("{base}/{provider}/callback"));
        let unusable = |error| Error::Internal(ports::Error::with(Kind::Internal, "oauth.callback", error));
        Ok(Asked {
            callback: callback.map_err(unusable)?,
            state: state.text(),
            nonce: derived(b"oauth-nonce")?,
            verifier: derived(b"oauth-verifier")?,
            traceparent: context.traceparent.clone(),
        })
    }
}
