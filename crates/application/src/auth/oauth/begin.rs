//! The way there.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Binding, OAuthLogin};
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use super::OAuthRefusal;
use crate::auth::secret::Secret;
use crate::auth::{Auth, Principal};
use crate::{Action, Context, Error, Result, Work};

const BEGIN: Action = Action { name: "oauth.begin", resource: "identity-provider" };

/// What somebody wants who goes to another provider.
#[derive(Debug, Clone)]
pub struct OAuthBegin {
    /// By its configured name.
    pub provider: String,
    /// Where the browser goes in the end; one of the configured ones.
    pub redirect_uri: String,
    /// Base64url of the SHA-256 of what will be shown to exchange the code (RFC 7636, S256).
    pub code_challenge: Option<String>,
    /// For which tenant.
    pub tenant: Option<Uuid>,
}

/// Where a browser goes.
pub struct Departure {
    /// To the provider; or, when that is of no help, to the application, with an error.
    pub url: Url,
    /// To be kept by the browser until it is back.
    pub browser: SecretString,
}

impl Auth {
    /// Begins a login with another provider, or, for somebody who is logged in, to link their account there. Nothing
    /// is decided yet; what comes back is accepted from the same browser, once, for ten minutes.
    ///
    /// # Errors
    /// `NotFound` for an unknown provider; `Invalid` for a redirect that is not configured or a challenge that is none.
    pub async fn begin_oauth(
        &self,
        context: &Context,
        begin: &OAuthBegin,
        linking: Option<&Principal>,
    ) -> Result<Departure> {
        let provider = self.provider(&begin.provider).ok_or(Error::NotFound)?;
        let redirect = self.redirect(&begin.redirect_uri)?;
        let challenge = begin.code_challenge.as_deref().map(challenge).transpose()?;
        let (state, browser) = (Secret::random(&self.core)?, Secret::random(&self.core)?);
        let asked = self.asked(context, &begin.provider, &state)?;
        let url = match provider.authorization_url(&asked.question()).await {
            Ok(url) => url,
            Err(error) => {
                let refusal = OAuthRefusal::of(&error, &begin.provider);
                return Ok(Departure { url: with_error(redirect, refusal), browser: browser.text() });
            }
        };
        let login = &OAuthLogin {
            id: self.core.ids.snowflake()?,
            hash: state.hash(&self.core),
            provider: begin.provider.clone(),
            redirect_uri: begin.redirect_uri.clone(),
            binding: Binding { browser: browser.hash(&self.core), challenge },
            tenant: begin.tenant,
            linking_session: linking.map(|caller| caller.session_id),
            expires_at: self.core.clock.now() + OAuthLogin::LIFETIME,
            spent_at: None,
        };
        Work::run(&self.core, context, BEGIN, |mut work| async move {
            work.on(&login.provider);
            work.tx().oauth().begin(login).await?;
            work.commit().await
        })
        .await?;
        Ok(Departure { url, browser: browser.text() })
    }

    /// Compared as texts (RFC 9700, section 2.1): whatever is like it is not it.
    fn redirect(&self, uri: &str) -> Result<Url> {
        let known = &self.core.settings.oauth.redirect_uris;
        let refused = || Error::field("redirectUri", "redirect", "is not one of the configured ones");
        if !known.iter().any(|known| known == uri) {
            return Err(refused());
        }
        Url::parse(uri).map_err(|_| refused())
    }
}

fn challenge(text: &str) -> Result<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == 32);
    bytes.ok_or_else(|| Error::field("codeChallenge", "challenge", "is not 32 bytes in base64url"))
}

/// The application hears of it by the names of OAuth itself (RFC 6749, section 4.1.2.1).
pub(super) fn with_error(mut redirect: Url, refusal: OAuthRefusal) -> Url {
    redirect.query_pairs_mut().append_pair("error", refusal.code());
    redirect
}
