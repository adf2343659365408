//! Between a first proof and a session: the second factor.

use domain::{AuthMethod, AuthMethods, MfaChallenge, User, UserStatus, read_recovery_code};
use ports::{Kind, ResultExt};
use secrecy::SecretString;
use uuid::Uuid;

use super::Auth;
use super::secret::Secret;
use super::session::SignedIn;
use crate::{Action, AuthFailure, Context, Error, Result, Work};

const CHALLENGE: Action = Action { name: "session.challenge", resource: "user" };
const VERIFY: Action = Action { name: "session.login-mfa", resource: "session" };

/// A first proof that needs a second factor.
pub struct Challenge {
    /// To be given with the code, within five minutes.
    pub token: SecretString,
    /// What will do.
    pub methods: &'static [&'static str],
}

/// What somebody gives as the second factor, read.
enum Given {
    Totp(String),
    Recovery(String),
}

impl Given {
    fn read(code: &str) -> Self {
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
        Ok(Challenge { token: secret.text(), methods: &["totp", "recovery_code"] })
    }

    /// Opens the session that the first proof began. A code of the app works once; wrong ones count for the challenge and,
    /// as wrong passwords do, for the account and the caller's network.
    ///
    /// # Errors
    /// `Unauthenticated`: `invalid_credentials` for a wrong code, `unauthenticated` for a token that is unknown, met, or
    /// used up, `token_expired`; `Locked`.
    pub async fn verify_second_factor(
        &self,
        context: &Context,
        token: &SecretString,
        code: &str,
    ) -> Result<SignedIn> {
        let digest = &*Secret::parse(token).ok_or(AuthFailure::Unauthenticated)?.hash(&self.core);
        let challenge = self.core.store.mfa().challenge(digest).await.optional()?;
        let challenge = challenge.ok_or(AuthFailure::Unauthenticated)?;
        let user = self.core.store.users().by_id(challenge.user_id).await.optional()?;
        let user = user.filter(|user| user.status == UserStatus::Active);
        let user = &user.ok_or(AuthFailure::Unauthenticated)?;
        let counter = &self.counter(context, user.email.as_str())?;
        self.refuse_locked(counter).await?;
        let scope = self.login_scope(user, challenge.tenant, None).await?;
        let given = &Given::read(code);
        let outcome = Work::run(&self.core, context, VERIFY, |mut work| async move {
            work.on(user.base.uuid);
            let found = work.tx().mfa().lock_challenge(digest).await.optional()?;
            let challenge = self.still_open(found)?;
            let Some(method) = self.proven(&work, user, given).await? else {
                work.tx().mfa().count_try(challenge.id).await?;
                return Err(work.deny(AuthFailure::InvalidCredentials.into()).await);
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

    /// Which method the code proves, used up with the unit of work. `None` for a wrong one.
    async fn proven(&self, work: &Work<'_>, user: &User, given: &Given) -> Result<Option<AuthMethod>> {
        let (mfa, now) = (work.tx().mfa(), self.core.clock.now());
        match given {
            Given::Recovery(code) => {
                let hash = self.recovery_hash(user.base.uuid, code)?;
                let taken = mfa.take_recovery_code(user.base.id, &hash).await.optional()?;
                Ok(taken.map(|()| AuthMethod::RecoveryCode))
            }
            Given::Totp(code) => {
                let found = mfa.totp_of(user.base.id).await.optional()?;
                let found = found.filter(|found| found.confirmed_at.is_some());
                let Some(step) = found.and_then(|found| found.secret.step_of(code, now)) else {
                    return Ok(None);
                };
                match mfa.use_step(user.base.id, step).await {
                    Ok(()) => Ok(Some(AuthMethod::Otp)),
                    Err(error) if error.kind() == Kind::Precondition => Ok(None),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }
}
