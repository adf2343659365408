//! From the code in the application's address to a session.

use domain::{AuthMethod, AuthMethods, OAuthCode, UserStatus};
use ports::{Kind, ResultExt};
use secrecy::{ExposeSecret, SecretString};

use crate::auth::secret::Secret;
use crate::auth::{Auth, LoggedIn};
use crate::{Action, Context, Error, Result, Work};

const EXCHANGE: Action = Action { name: "session.login-oauth", resource: "session" };

/// What an application shows.
#[derive(Debug, Clone)]
pub struct OAuthExchange {
    /// From its address.
    pub code: SecretString,
    /// What it has announced by its hash when the login began, if it has.
    pub verifier: Option<SecretString>,
    /// What the browser keeps; needed if nothing was announced.
    pub browser: Option<SecretString>,
}

impl Auth {
    /// Opens the session, or asks for a second factor. Unknown, expired and used codes look alike, and so does a good
    /// one that is shown by somebody who did not begin the login.
    ///
    /// # Errors
    /// `TokenInvalid`; `Unauthenticated` (`invalid_credentials`) for a tenant that the user is no member of.
    pub async fn exchange_oauth(&self, context: &Context, exchange: &OAuthExchange) -> Result<LoggedIn> {
        let secret = Secret::parse(&exchange.code).ok_or(Error::TokenInvalid)?;
        let code = self.core.store.oauth().code(&secret.hash(&self.core)).await.optional()?;
        let code = &code.filter(|code| self.core.clock.now() < code.expires_at).ok_or(Error::TokenInvalid)?;
        let user = self.core.store.users().by_id(code.user_id).await.optional()?;
        let user = &user.filter(|user| user.status == UserStatus::Active).ok_or(Error::TokenInvalid)?;
        if !self.is_shown_by_who_began(code, exchange) {
            // Somebody has got hold of a code, or had another person's browser open it.
            let user = user.base.uuid.to_string();
            return Err(self.denied(context, EXCHANGE, &user, || Error::TokenInvalid).await);
        }
        let challenged = self.asks_for_second_factor(user.base.id).await?;
        let methods = &AuthMethods::of(AuthMethod::Federated);
        let scope = self.login_scope(user, code.tenant, (!challenged).then_some(methods)).await?;
        let opened = Work::run(&self.core, context, EXCHANGE, |mut work| async move {
            work.on(user.base.uuid);
            match work.tx().oauth().take_code(code.id).await {
                Err(error) if error.kind() == Kind::NotFound => return Err(Error::TokenInvalid),
                taken => taken?,
            }
            if challenged {
                let challenge = self.write_challenge(&work, user, code.tenant, methods).await?;
                work.commit().await?;
                return Ok(Err(challenge));
            }
            let opened = self.open_session(&mut work, context, user, scope, methods).await?;
            work.commit().await?;
            Ok(Ok(opened))
        });
        Ok(match opened.await? {
            Ok(opened) => LoggedIn::Admitted(Box::new(self.admit(opened)?)),
            Err(challenge) => LoggedIn::Challenged(challenge),
        })
    }

    fn is_shown_by_who_began(&self, code: &OAuthCode, exchange: &OAuthExchange) -> bool {
        let cookie = exchange.browser.as_ref().and_then(Secret::parse).map(|secret| secret.hash(&self.core));
        let verifier = exchange.verifier.as_ref();
        let verifier = verifier.map(|text| self.core.sealer.digest(text.expose_secret().as_bytes()));
        code.binding.admits_exchange(cookie.as_deref(), verifier.as_ref().map(<[u8; 32]>::as_slice))
    }
}
