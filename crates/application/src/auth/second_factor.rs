//! Between a first proof and a session: the second factor.

use domain::{AuthMethod, AuthMethods, MfaChallenge, PasskeyPurpose, User, UserStatus, read_recovery_code};
use ports::{Kind, ResultExt};
use secrecy::SecretString;
use serde_json::Value;
use uuid::Uuid;

use super::Auth;
use super::passkeys::{Answer, Proof};
use super::proof::Counter;
use super::secret::Secret;
use super::session::SignedIn;
use crate::{Action, AuthFailure, Context, Error, Result, Work};

const CHALLENGE: Action = Action { name: "session.challenge", resource: "user" };
const VERIFY: Action = Action { name: "session.login-mfa", resource: "session" };

/// A first proof that needs a second factor.
pub struct Challenge {
    /// To be given with the code, within five minutes.
    pub token: SecretString,
    /// What will do: `totp`, `recovery_code`, `passkey`.
    pub methods: Vec<&'static str>,
}

/// What somebody gives as the second factor.
pub enum SecondFactor {
    /// A code of the authenticator app, or a recovery code.
    Code(String),
    /// What a browser answered to [`Auth::begin_passkey_second_factor`] (`AuthenticationResponseJSON`).
    Passkey(Value),
}

/// The same, read.
pub(super) enum Given<'a> {
    Totp(String),
    Recovery(String),
    Passkey(Answer<'a>),
}

impl Given<'_> {
    pub(super) fn read(code: &str) -> Self {
        match read_recovery_code(code) {
            Some(recovery) => Self::Recovery(recovery),
            None => Self::Totp(code.chars().filter(|c| !c.is_whitespace()).collect()),
        }
    }
}

impl Auth {
    /// Whether logins of this user ask for a second factor.
    pub(super) async fn asks_for_second_factor(&self, user_id: i64) -> Result<bool> {
        let found = self.core.store.mfa().totp_of(user_id).await.optional()?;
        Ok(found.is_some_and(|found| found.confirmed_at.is_some()))
    }

    /// Writes down that the password was right.
    pub(super) async fn challenge(
        &self,
        context: &Context,
        user: &User,
        tenant: Option<Uuid>,
    ) -> Result<Challenge> {
        let methods = &AuthMethods::of(AuthMethod::Password);
        Work::run(&self.core, context, CHALLENGE, |mut work| async move {
            work.on(user.base.uuid);
            let challenge = self.write_challenge(&work, user, tenant, methods).await?;
            work.commit().await?;
            Ok(challenge)
        })
        .await
    }

    /// Writes down what was proven.
    pub(super) async fn write_challenge(
        &self,
        work: &Work<'_>,
        user: &User,
        tenant: Option<Uuid>,
        methods: &AuthMethods,
    ) -> Result<Challenge> {
        let secret = Secret::random(&self.core)?;
        let challenge = MfaChallenge {
            id: self.core.ids.snowflake()?,
            user_id: user.base.id,
            hash: secret.hash(&self.core),
            methods: methods.clone(),
            tenant,
            tries: 0,
            expires_at: self.core.clock.now() + MfaChallenge::LIFETIME,
        };
        work.tx().mfa().open_challenge(&challenge).await?;
        let mut methods = vec!["totp", "recovery_code"];
        if !self.core.store.passkeys().of_user(user.base.id).await?.is_empty() {
            methods.push("passkey");
        }
        Ok(Challenge { token: secret.text(), methods })
    }

    /// What to ask the browser for of somebody whose first proof was right (`PublicKeyCredentialRequestOptionsJSON`).
    ///
    /// # Errors
    /// `Unauthenticated` for the token, as in [`Auth::verify_second_factor`]; `NotFound` when they have no passkey.
    pub async fn begin_passkey_second_factor(
        &self,
        context: &Context,
        token: &SecretString,
    ) -> Result<Value> {
        let digest = Secret::parse(token).ok_or(AuthFailure::Unauthenticated)?.hash(&self.core);
        let found = self.core.store.mfa().challenge(&digest).await.optional()?;
        let challenge = self.still_open(found)?;
        self.ask_for_own(context, PasskeyPurpose::SecondFactor, challenge.user_id).await
    }

    /// Opens the session that the first proof began. A code of the app works once; what proves nothing counts for the
    /// challenge and, as wrong passwords do, for the account and the caller's network.
    ///
    /// # Errors
    /// `Unauthenticated`: `invalid_credentials` for a wrong code, `unauthenticated` for a token that is unknown, met, or
    /// used up, `token_expired`; `Locked`; `RateLimited`; `Invalid` for what no browser gives.
    pub async fn verify_second_factor(
        &self,
        context: &Context,
        token: &SecretString,
        factor: &SecondFactor,
    ) -> Result<SignedIn> {
        let digest = &*Secret::parse(token).ok_or(AuthFailure::Unauthenticated)?.hash(&self.core);
        let challenge = self.core.store.mfa().challenge(digest).await.optional()?;
        let challenge = challenge.ok_or(AuthFailure::Unauthenticated)?;
        let user = self.core.store.users().by_id(challenge.user_id).await.optional()?;
        let user = user.filter(|user| user.status == UserStatus::Active);
        let user = &user.ok_or(AuthFailure::Unauthenticated)?;
        let counter = &Counter { user_id: Some(user.base.id), ..self.counter(context, user.email.as_str())? };
        self.refuse_locked(counter).await?;
        self.slow_down(counter).await?;
        let scope = self.login_scope(user, challenge.tenant, None).await?;
        let given = &match factor {
            SecondFactor::Code(code) => Given::read(code),
            SecondFactor::Passkey(credential) => Given::Passkey(self.answer(credential)?),
        };
        let outcome = Work::run(&self.core, context, VERIFY, |mut work| async move {
            work.on(user.base.uuid);
            let found = work.tx().mfa().lock_challenge(digest).await.optional()?;
            let challenge = self.still_open(found)?;
            let method = match self.proven(&work, user, given, PasskeyPurpose::SecondFactor).await? {
                Ok(method) => method,
                Err(reason) => {
                    work.tx().mfa().count_try(challenge.id).await?;
                    return Err(work.deny_because(reason, AuthFailure::InvalidCredentials.into()).await);
                }
            };
            let methods = challenge.methods.and(method);
            let opened = self.open_session(&mut work, context, user, scope, &methods).await?;
            work.tx().mfa().close_challenge(challenge.id).await?;
            self.clear_failures(&work, counter).await?;
            work.commit().await?;
            Ok(opened)
        });
        match outcome.await {
            Ok(opened) => self.admit(opened),
            Err(Error::Unauthenticated(AuthFailure::InvalidCredentials)) => {
                self.count_failure(counter).await?;
                Err(AuthFailure::InvalidCredentials.into())
            }
            Err(error) => Err(error),
        }
    }

    fn still_open(&self, challenge: Option<MfaChallenge>) -> Result<MfaChallenge> {
        let challenge = challenge.ok_or(AuthFailure::Unauthenticated)?;
        let now = self.core.clock.now();
        if challenge.is_open(now) {
            return Ok(challenge);
        }
        let expired = now >= challenge.expires_at;
        Err(if expired { AuthFailure::TokenExpired } else { AuthFailure::Unauthenticated }.into())
    }

    /// Which method this proves, used up with the unit of work.
    pub(super) async fn proven(
        &self,
        work: &Work<'_>,
        user: &User,
        given: &Given<'_>,
        purpose: PasskeyPurpose,
    ) -> Result<Proof> {
        let mfa = work.tx().mfa();
        let proven = match given {
            Given::Passkey(answer) => return self.proven_by_passkey(work, answer, purpose, user).await,
            Given::Recovery(code) => {
                let hash = self.recovery_hash(user.base.uuid, code)?;
                let taken = mfa.take_recovery_code(user.base.id, &hash).await.optional()?;
                taken.map(|()| AuthMethod::RecoveryCode)
            }
            Given::Totp(code) => {
                let found = mfa.totp_of(user.base.id).await.optional()?;
                let found = found.filter(|found| found.confirmed_at.is_some());
                match found.and_then(|found| found.secret.step_of(code, self.core.clock.now())) {
                    None => None,
                    Some(step) => match mfa.use_step(user.base.id, step).await {
                        Ok(()) => Some(AuthMethod::Otp),
                        Err(error) if error.kind() == Kind::Precondition => None,
                        Err(error) => return Err(error.into()),
                    },
                }
            }
        };
        Ok(proven.ok_or(AuthFailure::InvalidCredentials.code()))
    }
}
