//! Login with a passkey alone: what it is unlocked with is the second factor.

use domain::{AuthMethods, PasskeyPurpose, User, UserStatus};
use ports::ResultExt;
use serde_json::Value;
use uuid::Uuid;

use super::Answer;
use crate::auth::{Auth, SignedIn};
use crate::{Action, AuthFailure, Context, Result, Work};

const LOGIN: Action = Action { name: "session.login-passkey", resource: "session" };

impl Auth {
    /// What to ask a browser for, so that whoever sits before it logs in (`PublicKeyCredentialRequestOptionsJSON`).
    pub async fn begin_passkey_login(&self, context: &Context) -> Result<Value> {
        let challenge = self.challenge_passkey(context, PasskeyPurpose::Login, None).await?;
        Ok(self.core.relying_party.request_options(challenge.bytes(), &[])?)
    }

    /// Opens a session for whoever the answer (`AuthenticationResponseJSON`) proves to be there. No lock after wrong
    /// passwords stands in the way: there is nothing to guess.
    ///
    /// # Errors
    /// `Invalid` for what no browser gives; `Unauthenticated` (`invalid_credentials`) for what proves nothing.
    pub async fn finish_passkey_login(
        &self,
        context: &Context,
        credential: &Value,
        tenant: Option<Uuid>,
    ) -> Result<SignedIn> {
        let answer = &self.answer(credential)?;
        let known = &match self.owner_of(answer).await? {
            // An unlocked passkey is as many factors as any tenant asks for.
            Some(user) => Some((self.login_scope(&user, tenant, None).await?, user)),
            None => None,
        };
        let opened = Work::run(&self.core, context, LOGIN, |mut work| async move {
            let refusal = || AuthFailure::InvalidCredentials.into();
            let Some((scope, user)) = known else {
                self.spend_challenge(&work, answer, PasskeyPurpose::Login, None).await?;
                return Err(work.deny_because("passkey_unknown", refusal()).await);
            };
            work.on(user.base.uuid);
            let methods = &match self.proven_by_passkey(&work, answer, PasskeyPurpose::Login, user).await? {
                Ok(method) => AuthMethods::of(method),
                Err(reason) => return Err(work.deny_because(reason, refusal()).await),
            };
            let opened = self.open_session(&mut work, context, user, *scope, methods).await?;
            work.commit().await?;
            Ok(opened)
        });
        self.admit(opened.await?)
    }

    /// Whose passkey has answered, if they may log in.
    async fn owner_of(&self, answer: &Answer<'_>) -> Result<Option<User>> {
        let found =
            self.core.store.passkeys().by_credential(&answer.claimed.credential_id).await.optional()?;
        let Some(passkey) = found else { return Ok(None) };
        let user = self.core.store.users().by_id(passkey.user_id).await.optional()?;
        Ok(user.filter(|user| user.status == UserStatus::Active && user.is_verified()))
    }
}
