//! Proving anew who one is, for what a stolen token must not do (RFC 9470).

use domain::{AuthMethod, PasskeyPurpose};
use secrecy::SecretString;
use serde_json::Value;

use super::proof::Counter;
use super::second_factor::Given;
use super::{Auth, Principal};
use crate::{Action, AuthFailure, Context, Result, Work};

const REAUTHENTICATE: Action = Action { name: "session.reauthenticate", resource: "session" };

/// What a signed-in caller gives to prove it.
pub enum FreshProof {
    /// The password.
    Password(SecretString),
    /// A code of the authenticator app, or a recovery code.
    Code(String),
    /// What a browser answered to [`Auth::begin_passkey_step_up`] (`AuthenticationResponseJSON`).
    Passkey(Value),
}

impl Auth {
    /// What to ask the caller's browser for (`PublicKeyCredentialRequestOptionsJSON`).
    ///
    /// # Errors
    /// `NotFound` when the caller has no passkey.
    pub async fn begin_passkey_step_up(&self, context: &Context, caller: &Principal) -> Result<Value> {
        self.ask_for_own(context, PasskeyPurpose::StepUp, caller.user_id).await
    }

    /// Notes that the caller has proven a moment ago who they are. From then on, and for [`STEP_UP`](domain::STEP_UP),
    /// the session may do what is dangerous, on every replica.
    ///
    /// # Errors
    /// `Unauthenticated` (`invalid_credentials`); `Locked` after too many wrong passwords or codes, as at a login.
    pub async fn reauthenticate(
        &self,
        context: &Context,
        caller: &Principal,
        proof: &FreshProof,
    ) -> Result<()> {
        let user = &self.core.store.users().by_id(caller.user_id).await?;
        let counter =
            &Counter { user_id: Some(caller.user_id), ..self.counter(context, user.email.as_str())? };
        let given = &match proof {
            FreshProof::Password(password) => {
                self.prove_own(context, REAUTHENTICATE, caller, password).await?;
                None
            }
            FreshProof::Code(code) => {
                self.count_try(counter).await?;
                Some(Given::read(code))
            }
            FreshProof::Passkey(credential) => Some(Given::Passkey(self.answer(credential)?)),
        };
        Work::run(&self.core, context, REAUTHENTICATE, |mut work| async move {
            work.on(caller.session);
            let proven = match given {
                Some(given) => self.proven(&work, user, given, PasskeyPurpose::StepUp).await?,
                None => Ok(AuthMethod::Password),
            };
            let method = match proven {
                Ok(method) => method,
                Err(reason) => {
                    return Err(work.deny_because(reason, AuthFailure::InvalidCredentials.into()).await);
                }
            };
            let tx = work.tx();
            let session = tx.sessions().by_id(caller.session_id).await?;
            let methods = session.methods.and(method);
            tx.sessions().reauthenticate(caller.session_id, &methods, self.core.clock.now()).await?;
            tx.users().bump_auth_revision(caller.user_id).await?;
            self.clear_failures(&work, counter).await?;
            self.forget_after(&mut work, caller.session);
            work.commit().await
        })
        .await?;
        self.uncache(caller.session).await;
        Ok(())
    }
}
