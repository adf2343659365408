//! The way back.

use domain::OAuthLogin;
use ports::{ForeignIdentity, Kind, ProviderReply, ResultExt};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::OAuthRefusal;
use super::arrive::Arrived;
use super::begin::with_error;
use crate::auth::Auth;
use crate::auth::secret::Secret;
use crate::{Action, Context, Error, Result, Work};

const RETURN: Action = Action { name: "oauth.return", resource: "identity-provider" };

/// What a browser brings back from a provider.
#[derive(Debug, Clone)]
pub struct OAuthReturn {
    /// To whose address it came.
    pub provider: String,
    /// As it was sent there.
    pub state: SecretString,
    /// To be exchanged with the provider.
    pub code: Option<SecretString>,
    /// Instead of a code.
    pub error: Option<String>,
    /// Who gave the code (RFC 9207).
    pub issuer: Option<String>,
    /// What the browser kept ([`Departure::browser`](super::Departure)).
    pub browser: Option<SecretString>,
}

impl Auth {
    /// Receives a browser that comes back, and says where it goes on to: to the application, with a code that is good
    /// once and for a minute, with a note that the account is linked, or with an error. Never with a token.
    ///
    /// # Errors
    /// `TokenInvalid` when nobody knows the way it went: there is no place to send it on to.
    pub async fn finish_oauth(&self, context: &Context, back: &OAuthReturn) -> Result<Url> {
        let state = Secret::parse(&back.state).ok_or(Error::TokenInvalid)?;
        let login = self.core.store.oauth().login(&state.hash(&self.core)).await.optional()?;
        let login = login.ok_or(Error::TokenInvalid)?;
        let mut url = Url::parse(&login.redirect_uri).map_err(|_| Error::TokenInvalid)?;
        match self.received(context, &login, &state, back).await {
            Ok(Arrived::ToLogIn(code)) => {
                url.query_pairs_mut().append_pair("code", code.expose_secret());
                Ok(url)
            }
            Ok(Arrived::Linked) => {
                url.query_pairs_mut().append_pair("linked", &login.provider);
                Ok(url)
            }
            Err(Error::OAuth(refusal)) => Ok(with_error(url, refusal)),
            Err(error) => Err(error),
        }
    }

    async fn received(
        &self,
        context: &Context,
        login: &OAuthLogin,
        state: &Secret,
        back: &OAuthReturn,
    ) -> Result<Arrived> {
        self.spend(context, login, back).await?;
        let foreign = match self.ask_provider(context, login, state, back).await {
            Ok(foreign) => foreign,
            Err(Error::OAuth(refusal)) => {
                return Err(self.denied(context, RETURN, &login.provider, || refusal.into()).await);
            }
            Err(error) => return Err(error),
        };
        match self.arrive(context, login, &foreign).await {
            // The same person, or somebody with the same address, arrived at the same time: look again.
            Err(Error::Conflict) => self.arrive(context, login, &foreign).await,
            other => other,
        }
    }

    /// Once, by the browser that began it, and in time. Committed before the provider is asked.
    async fn spend(&self, context: &Context, login: &OAuthLogin, back: &OAuthReturn) -> Result<()> {
        let browser = back.browser.as_ref().and_then(Secret::parse).map(|secret| secret.hash(&self.core));
        let is_theirs = browser.as_ref() == Some(&login.binding.browser) && login.provider == back.provider;
        let now = self.core.clock.now();
        Work::run(&self.core, context, RETURN, |mut work| async move {
            work.on(&login.provider);
            if !is_theirs || login.spent_at.is_some() {
                return Err(work.deny(OAuthRefusal::StateInvalid.into()).await);
            }
            if now >= login.expires_at {
                return Err(work.deny(OAuthRefusal::LoginExpired.into()).await);
            }
            match work.tx().oauth().spend(login.id, now).await {
                Ok(()) => work.commit().await,
                Err(error) if error.kind() == Kind::Precondition => Err(OAuthRefusal::StateInvalid.into()),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    async fn ask_provider(
        &self,
        context: &Context,
        login: &OAuthLogin,
        state: &Secret,
        back: &OAuthReturn,
    ) -> Result<ForeignIdentity> {
        if let Some(error) = &back.error {
            let denied = error == "access_denied";
            let refusal = if denied { OAuthRefusal::AccessDenied } else { OAuthRefusal::ProviderFailed };
            return Err(refusal.into());
        }
        let provider = self.provider(&login.provider).ok_or(OAuthRefusal::ProviderFailed)?;
        let code = back.code.as_ref().ok_or(OAuthRefusal::ProviderFailed)?;
        let asked = self.asked(context, &login.provider, state)?;
        let reply = ProviderReply { code, issuer: back.issuer.as_deref() };
        let foreign = provider.identify(&asked.question(), &reply).await;
        foreign.map_err(|error| OAuthRefusal::of(&error, &login.provider).into())
    }
}
