//! Whose account that is.

use domain::{
    Actor, Arrival, DisplayName, DomainEvent, Email, Identity, MailPurpose, OAuthCode, OAuthLogin,
    TenantScope, User, UserStatus,
};
use ports::{ForeignIdentity, ResultExt};
use secrecy::SecretString;

use super::OAuthRefusal;
use crate::auth::Auth;
use crate::auth::secret::Secret;
use crate::users::{join_all, lost_race, write_new};
use crate::{Action, Context, Error, Result, Work};

const LOGIN: Action = Action { name: "oauth.login", resource: "user" };
const LINK: Action = Action { name: "oauth.link", resource: "user" };

/// What came of it.
pub(super) enum Arrived {
    /// A code for a session.
    ToLogIn(SecretString),
    /// Another way into the account of who was logged in.
    Linked,
}

impl Auth {
    /// Finds or makes the account of somebody whom a provider vouches for, or links it to the one that asked.
    pub(super) async fn arrive(
        &self,
        context: &Context,
        login: &OAuthLogin,
        foreign: &ForeignIdentity,
    ) -> Result<Arrived> {
        let action = if login.linking_session.is_some() { LINK } else { LOGIN };
        Work::run(&self.core, context, action, |mut work| async move {
            let known = self.still_owned(&work, foreign).await?;
            let arrived = match login.linking_session {
                Some(session) => self.link(&mut work, session, login, foreign, known).await,
                None => self.let_in(&mut work, login, foreign, known).await,
            };
            match arrived {
                Ok(arrived) => {
                    work.commit().await?;
                    Ok(arrived)
                }
                Err(refusal @ Error::OAuth(_)) => Err(work.deny(refusal).await),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// The account that the person is known by, and its user. One whose user is deleted is free, as addresses are.
    async fn still_owned(
        &self,
        work: &Work<'_>,
        foreign: &ForeignIdentity,
    ) -> Result<Option<(Identity, User)>> {
        let identities = work.tx().identities();
        let known = identities.by_subject(&foreign.issuer, &foreign.subject).await.optional()?;
        let Some(identity) = known else { return Ok(None) };
        if let Some(user) = work.tx().users().by_id(identity.user_id).await.optional()? {
            return Ok(Some((identity, user)));
        }
        identities.remove(identity.id).await?;
        Ok(None)
    }

    async fn link(
        &self,
        work: &mut Work<'_>,
        session: i64,
        login: &OAuthLogin,
        foreign: &ForeignIdentity,
        known: Option<(Identity, User)>,
    ) -> Result<Arrived> {
        let session = work.tx().sessions().by_id(session).await.optional()?;
        let now = self.core.clock.now();
        let live = session.filter(|session| session.revoked_at.is_none() && now < session.expires_at);
        let user_id = live.ok_or(OAuthRefusal::SessionEnded)?.user_id;
        let user = work.tx().users().by_id(user_id).await.optional()?;
        let user = user.filter(|user| user.status == UserStatus::Active).ok_or(OAuthRefusal::SessionEnded)?;
        act_as(work, &user);
        match known {
            Some((_, owner)) if owner.base.id != user.base.id => {
                return Err(OAuthRefusal::IdentityTaken.into());
            }
            Some((identity, _)) => self.touch(work, &identity, foreign).await?,
            None => {
                self.insert(work, &user, login, foreign).await?;
                work.emit(&DomainEvent::IdentityLinked { user: user.base.uuid }).await?;
            }
        }
        Ok(Arrived::Linked)
    }

    async fn let_in(
        &self,
        work: &mut Work<'_>,
        login: &OAuthLogin,
        foreign: &ForeignIdentity,
        known: Option<(Identity, User)>,
    ) -> Result<Arrived> {
        let user = match known {
            Some((_, user)) if user.status == UserStatus::Locked => {
                work.on(user.base.uuid);
                return Err(OAuthRefusal::AccountClosed.into());
            }
            Some((identity, user)) => {
                self.touch(work, &identity, foreign).await?;
                user
            }
            None => {
                let user = self.account_for(work, foreign).await?;
                self.insert(work, &user, login, foreign).await?;
                user
            }
        };
        act_as(work, &user);
        let secret = Secret::random(&self.core)?;
        let code = OAuthCode {
            id: self.core.ids.snowflake()?,
            user_id: user.base.id,
            hash: secret.hash(&self.core),
            binding: login.binding.clone(),
            tenant: login.tenant,
            expires_at: self.core.clock.now() + OAuthCode::LIFETIME,
        };
        work.tx().oauth().give_code(&code).await?;
        Ok(Arrived::ToLogIn(secret.text()))
    }

    /// By the address, which the provider has to vouch for: otherwise nothing is looked up by it, so that the refusal
    /// tells nothing.
    async fn account_for(&self, work: &mut Work<'_>, foreign: &ForeignIdentity) -> Result<User> {
        let email = foreign.email.as_deref().and_then(|text| Email::parse(text).ok());
        let email = email.filter(|_| foreign.email_verified).ok_or(OAuthRefusal::EmailNotVerified)?;
        match Arrival::judge(work.tx().users().by_email(&email).await.optional()?) {
            Arrival::Create => {
                let mut user = User::new(self.core.base()?, email, name_of(foreign));
                user.email_verified_at = Some(user.base.created_at);
                write_new(&self.core, work, &user, None).await?;
                work.emit(&DomainEvent::UserJoined { user: user.base.uuid }).await?;
                Ok(user)
            }
            Arrival::Link(user) => {
                work.emit(&DomainEvent::IdentityLinked { user: user.base.uuid }).await?;
                Ok(user)
            }
            Arrival::TakeOver(user) => self.take_from_squatter(work, user, foreign).await,
            Arrival::Closed(user) => {
                work.on(user.base.uuid);
                Err(OAuthRefusal::AccountClosed.into())
            }
        }
    }

    /// All that somebody could have prepared to get in later, or to be taken for the person, goes: password, second
    /// factor, passkeys, API keys, sessions, other providers, mails that are under way, another address, name and number.
    async fn take_from_squatter(
        &self,
        work: &mut Work<'_>,
        mut user: User,
        foreign: &ForeignIdentity,
    ) -> Result<User> {
        let now = self.core.clock.now();
        user.email_verified_at = Some(now);
        user.pending_email = None;
        user.display_name = name_of(foreign);
        user.phone = None;
        user.base.updated_at = now;
        let tx = work.tx();
        tx.users().update(&user).await.map_err(lost_race)?;
        tx.credentials().remove(user.base.id).await?;
        tx.mfa().remove(user.base.id).await?;
        for passkey in tx.passkeys().of_user(user.base.id).await? {
            tx.passkeys().remove(passkey.id).await?;
        }
        for key in tx.api_keys().of_user(user.base.id).await? {
            tx.api_keys().remove(user.base.id, key.uuid).await?;
        }
        tx.identities().remove_of_user(user.base.id).await?;
        for purpose in [MailPurpose::VerifyEmail, MailPurpose::ChangeEmail, MailPurpose::ResetPassword] {
            tx.mail_tokens().clear(user.base.id, purpose).await?;
        }
        join_all(&self.core, work, &user).await?;
        work.emit(&DomainEvent::EmailVerified { user: user.base.uuid }).await?;
        self.revoke_all(work, user.base.id, None).await?;
        Ok(user)
    }

    async fn insert(
        &self,
        work: &Work<'_>,
        user: &User,
        login: &OAuthLogin,
        foreign: &ForeignIdentity,
    ) -> Result<()> {
        let now = self.core.clock.now();
        let identity = Identity {
            id: self.core.ids.snowflake()?,
            uuid: self.core.ids.uuid()?,
            user_id: user.base.id,
            provider: login.provider.clone(),
            issuer: foreign.issuer.clone(),
            subject: foreign.subject.clone(),
            email: shown(foreign),
            created_at: now,
            last_used_at: now,
        };
        Ok(work.tx().identities().insert(&identity).await?)
    }

    async fn touch(&self, work: &Work<'_>, identity: &Identity, foreign: &ForeignIdentity) -> Result<()> {
        let now = self.core.clock.now();
        Ok(work.tx().identities().touch(identity.id, shown(foreign).as_deref(), now).await?)
    }
}

fn act_as(work: &mut Work<'_>, user: &User) {
    work.acting_as(Actor::User { id: user.base.id, uuid: user.base.uuid }, TenantScope::Platform);
    work.on(user.base.uuid);
}

/// What is kept of the address there: one that is an address.
fn shown(foreign: &ForeignIdentity) -> Option<String> {
    let email = foreign.email.as_deref().and_then(|text| Email::parse(text).ok());
    email.map(|email| email.to_string())
}

/// A name that is none here is no reason to turn somebody away.
fn name_of(foreign: &ForeignIdentity) -> Option<DisplayName> {
    foreign.name.as_deref().and_then(|name| DisplayName::parse(name).ok())
}
