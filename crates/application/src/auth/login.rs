//! Login with a password.

use domain::{AuthMethod, AuthMethods, Credential, Email, TenantScope, User, UserStatus, network_of};
use ports::{ResultExt, Verdict};
use secrecy::SecretString;
use uuid::Uuid;

use super::Auth;
use super::session::SignedIn;
use crate::first_start::DEFAULT_TENANT;
use crate::{Action, AuthFailure, Context, Error, Result, Tenancy, Work};

const LOGIN: Action = Action { name: "session.login", resource: "session" };

/// What somebody gives to log in.
#[derive(Debug, Clone)]
pub struct Login {
    /// Address, as typed.
    pub email: String,
    /// Password, as typed.
    pub password: SecretString,
    /// For which tenant.
    pub tenant: Option<Uuid>,
}

/// Under what failures are counted.
struct Counter {
    identifier: [u8; 32],
    network: String,
}

impl Auth {
    /// Opens a session. Unknown address and wrong password take the same time and look the same; a right
    /// password is not even tried while the identifier is locked for the caller's network.
    pub async fn login(&self, context: &Context, login: Login) -> Result<SignedIn> {
        let counter = self.counter(context, &login.email)?;
        self.refuse_locked(&counter).await?;
        let known = self.find(&login.email).await?;
        let hash = known.as_ref().map(|(_, credential)| credential.password_hash.as_str());
        let verdict = self.core.hasher.verify(&login.password, hash).await?;
        match known {
            Some((user, _)) if verdict != Verdict::Mismatch => {
                // Guesses that ran beside this one may have locked it meanwhile: a race of a hundred gets
                // no more tries than a row of five.
                self.refuse_locked(&counter).await?;
                let rehash = match verdict {
                    Verdict::MatchOutdated => Some(self.core.hasher.hash(&login.password).await?),
                    _ => None,
                };
                self.open(context, user, rehash, login.tenant, &counter).await
            }
            known => Err(self.refuse(context, known.map(|(user, _)| user), &counter).await),
        }
    }

    async fn open(
        &self,
        context: &Context,
        user: User,
        rehash: Option<String>,
        tenant: Option<Uuid>,
        counter: &Counter,
    ) -> Result<SignedIn> {
        if !user.is_verified() {
            return Err(Error::EmailNotVerified);
        }
        let scope = self.login_scope(&user, tenant).await?;
        let user_id = user.base.id;
        let methods = AuthMethods::of(AuthMethod::Password);
        let mut work = Work::begin(&self.core, context, LOGIN).await?;
        let opened = self.open_session(&mut work, context, user, scope, methods).await?;
        let tx = work.tx();
        tx.login_attempts().clear(&counter.identifier, &counter.network).await?;
        if let Some(hash) = rehash {
            tx.credentials().replace_hash(user_id, &hash, self.core.clock.now()).await?;
        }
        work.commit().await?;
        self.admit(opened)
    }

    /// Counts the failure outside the transaction, so that nothing can roll it back, then records it.
    async fn refuse(&self, context: &Context, user: Option<User>, counter: &Counter) -> Error {
        match self.count_and_record(context, user, counter).await {
            Ok(error) | Err(error) => error,
        }
    }

    async fn count_and_record(
        &self,
        context: &Context,
        user: Option<User>,
        counter: &Counter,
    ) -> Result<Error> {
        let attempts = self.core.store.login_attempts();
        let (rule, now) = (&self.core.settings.lockout, self.core.clock.now());
        let after = attempts.fail(&counter.identifier, &counter.network, rule, now).await?;
        let mut work = Work::begin(&self.core, context, LOGIN).await?;
        if let Some(user) = user {
            work.on(user.base.uuid);
        }
        // A guess that was tried beside the fifth wrong one is answered like a right one would be: otherwise the
        // odd answer out of a race would be the password.
        let locked = rule.locked_for(Some(after), now).filter(|_| after.failures > rule.max_failures);
        let refusal = locked
            .map_or(AuthFailure::InvalidCredentials.into(), |retry_after| Error::Locked { retry_after });
        Ok(work.deny(refusal).await)
    }

    async fn refuse_locked(&self, counter: &Counter) -> Result<()> {
        let attempts = self.core.store.login_attempts().get(&counter.identifier, &counter.network).await?;
        match self.core.settings.lockout.locked_for(attempts, self.core.clock.now()) {
            Some(retry_after) => Err(Error::Locked { retry_after }),
            None => Ok(()),
        }
    }

    async fn find(&self, email: &str) -> Result<Option<(User, Credential)>> {
        let Ok(email) = Email::parse(email) else { return Ok(None) };
        let Some(user) = self.core.store.users().by_email(&email).await.optional()? else { return Ok(None) };
        if user.status == UserStatus::Locked {
            return Ok(None);
        }
        let credential = self.core.store.credentials().of_user(user.base.id).await.optional()?;
        Ok(credential.map(|credential| (user, credential)))
    }

    /// A tenant that the user is no member of is answered like a wrong password: it is a secret that it exists.
    async fn login_scope(&self, user: &User, tenant: Option<Uuid>) -> Result<TenantScope> {
        let access = self.core.store.access();
        let tenant = match (tenant, self.core.settings.tenancy) {
            (Some(tenant), _) => tenant,
            (None, Tenancy::Multi) => return Ok(TenantScope::Platform),
            (None, Tenancy::Single) => access.tenant_by_slug(DEFAULT_TENANT).await?.base.uuid,
        };
        let membership = access.membership(user.base.id, tenant).await.optional()?;
        Ok(membership.ok_or(AuthFailure::InvalidCredentials)?)
    }

    /// Failures are counted under a keyed hash of what was typed, so that unknown addresses lock alike and the
    /// table names nobody.
    fn counter(&self, context: &Context, email: &str) -> Result<Counter> {
        let typed =
            Email::parse(email).map_or_else(|_| email.trim().to_lowercase(), |email| email.to_string());
        let identifier = self.keys.derive(&[b"login-attempts", typed.as_bytes()])?;
        Ok(Counter { identifier, network: network_of(context.ip) })
    }
}
