//! Login with a password.

use domain::{AuthMethod, AuthMethods, Credential, Email, TenantScope, User, UserStatus};
use ports::{ResultExt, Verdict};
use secrecy::SecretString;
use uuid::Uuid;

use super::Auth;
use super::devices::NOBODY;
use super::proof::Counter;
use super::second_factor::Challenge;
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

/// What a right password gives.
pub enum LoggedIn {
    /// A session.
    Admitted(Box<SignedIn>),
    /// The wait for a second factor.
    Challenged(Challenge),
}

impl Auth {
    /// Opens a session, or asks for a second factor. Unknown address and wrong password take the same time and look the same; a right
    /// password is not even tried while the identifier is locked for the caller's network, or tried too often from
    /// strange ones.
    pub async fn login(&self, context: &Context, login: Login) -> Result<LoggedIn> {
        let mut counter = self.counter(context, &login.email)?;
        self.refuse_locked(&counter).await?;
        let known = self.find(&login.email).await?;
        counter.user_id = known.as_ref().map(|(user, _)| user.base.id);
        self.slow_down(&counter).await?;
        let hash = known.as_ref().map(|(_, credential)| credential.password_hash.as_str());
        let verdict = self.core.hasher.verify(&login.password, hash).await?;
        match known {
            Some((user, _)) if verdict != Verdict::Mismatch => {
                // Guesses that ran beside this one may have locked it meanwhile: a race of a hundred gets
                // no more tries than a row of five.
                self.refuse_locked(&counter).await?;
                self.slow_down(&counter).await?;
                let rehash = match verdict {
                    Verdict::MatchOutdated => Some(self.core.hasher.hash(&login.password).await?),
                    _ => None,
                };
                self.open(context, user, rehash, login.tenant, &counter).await
            }
            known => Err(self.refuse(context, LOGIN, known.map(|(user, _)| user.base.uuid), &counter).await),
        }
    }

    async fn open(
        &self,
        context: &Context,
        user: User,
        rehash: Option<String>,
        tenant: Option<Uuid>,
        counter: &Counter,
    ) -> Result<LoggedIn> {
        if !user.is_verified() {
            return Err(Error::EmailNotVerified);
        }
        if self.asks_for_second_factor(user.base.id).await? {
            // Whether the tenant is theirs is told before, as without a second factor.
            self.login_scope(&user, tenant, None).await?;
            return Ok(LoggedIn::Challenged(self.challenge(context, &user, tenant).await?));
        }
        let methods = &AuthMethods::of(AuthMethod::Password);
        let scope = self.login_scope(&user, tenant, Some(methods)).await?;
        let (user, rehash) = (&user, rehash.as_deref());
        let opened = Work::run(&self.core, context, LOGIN, |mut work| async move {
            let opened = self.open_session(&mut work, context, user, scope, methods).await?;
            self.clear_failures(&work, counter).await?;
            if let Some(hash) = rehash {
                let now = self.core.clock.now();
                work.tx().credentials().replace_hash(user.base.id, hash, now).await?;
            }
            work.commit().await?;
            Ok(opened)
        });
        Ok(LoggedIn::Admitted(Box::new(self.admit(opened.await?)?)))
    }

    /// Whoever can log in with the address. What is read for somebody is read for nobody, too.
    async fn find(&self, email: &str) -> Result<Option<(User, Credential)>> {
        let Ok(email) = Email::parse(email) else { return Ok(None) };
        let user = self.core.store.users().by_email(&email).await.optional()?;
        let id = user.as_ref().map_or(NOBODY, |user| user.base.id);
        let credential = self.core.store.credentials().of_user(id).await.optional()?;
        let user = user.filter(|user| user.status == UserStatus::Active);
        Ok(user.zip(credential))
    }

    /// The tenant that a session shall speak for. One that the user is no member of is answered like a wrong password: it
    /// is a secret that it exists. `methods` is how they have proven who they are; `None` while more proof is to come.
    ///
    /// # Errors
    /// `Unauthenticated` (`invalid_credentials`); [`Error::MfaRequired`].
    pub(super) async fn login_scope(
        &self,
        user: &User,
        tenant: Option<Uuid>,
        methods: Option<&AuthMethods>,
    ) -> Result<TenantScope> {
        let store = &self.core.store;
        let tenant = match (tenant, self.core.settings.tenancy) {
            (Some(tenant), _) => tenant,
            (None, Tenancy::Multi) => return Ok(TenantScope::Platform),
            (None, Tenancy::Single) => store.tenants().by_slug(DEFAULT_TENANT).await?.base.uuid,
        };
        let membership = store.access().membership(user.base.id, tenant).await.optional()?;
        let membership = membership.ok_or(AuthFailure::InvalidCredentials)?;
        if membership.requires_mfa && methods.is_some_and(|methods| !methods.is_multi_factor()) {
            return Err(Error::MfaRequired);
        }
        Ok(membership.scope)
    }
}
