//! Asking people by mail whether they want to belong to a tenant.
//!
//! The link in the mail proves that whoever opens it reads the address: it makes a member of the account that has it, or
//! makes the account. Its token is derived from the invitation's id, so it lies nowhere.

use domain::{Actor, DisplayName, DomainEvent, Email, Invitation, RoleLink, TenantStatus, User, UserStatus};
use ports::{ResultExt, SortKey, TENANCY_ORDERS};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Tenants, tenant_of};
use crate::auth::{Newcomer, Principal, Secret, mail_token_text};
use crate::lists::List;
use crate::roles::Giving;
use crate::{Action, Ask, Context, Error, FieldError, Listed, Result, Work};

const LIST: List =
    List { name: "invitations", orders: TENANCY_ORDERS, default: &[SortKey::desc("createdAt")] };
const INVITE: Action = Action { name: "invitation.create", resource: "invitation" };
const WITHDRAW: Action = Action { name: "invitation.withdraw", resource: "invitation" };
const ACCEPT: Action = Action { name: "invitation.accept", resource: "invitation" };

/// The argument of the job that mails an invitation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InvitationOrder {
    /// Which.
    pub invitation_id: Uuid,
    /// Because of what; it makes a repeated try the same mail.
    pub event_id: Uuid,
}

/// What somebody who was invited gives.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// From the link.
    pub token: SecretString,
    /// For those who have no account yet.
    pub password: Option<SecretString>,
    /// The same.
    pub display_name: Option<String>,
}

/// What they get.
#[derive(Debug, Clone, Copy)]
pub struct Accepted {
    /// The account.
    pub user: Uuid,
    /// What they belong to now.
    pub tenant: Uuid,
}

impl Tenants {
    /// Invitations that wait, from new to old unless asked otherwise.
    pub async fn invitations(&self, caller: &Principal, ask: &Ask) -> Result<Listed<Invitation>> {
        let scope = caller.scope;
        // Of one tenant, cursors are worth nothing in another.
        let ask = &Ask { choice: format!("{:?};{}", scope.tenant_uuid(), ask.choice), ..ask.clone() };
        let reading = self.lists.begin(&LIST, ask)?;
        let invitations = self.core.store.invitations();
        let found = invitations.list(scope, reading.page()).await?;
        let total = reading.total(async || invitations.count(scope).await).await?;
        reading.finish(found, total)
    }

    /// Asks somebody by mail, in the place of an earlier question.
    ///
    /// # Errors
    /// `Invalid`; `Forbidden` for roles that grant what the caller has not themselves; `Conflict` for a member, and when
    /// too many wait.
    pub async fn invite(
        &self,
        context: &Context,
        caller: &Principal,
        email: &str,
        roles: &[Uuid],
    ) -> Result<Invitation> {
        let (scope, (_, tenant)) = (caller.scope, tenant_of(caller.scope)?);
        let email = &Email::parse(email).map_err(|error| Error::field("email", "email", error))?;
        let base = &self.core.base()?;
        let (_, hash) = &self.token_of(base.uuid)?;
        Work::run(&self.core, context, INVITE, |mut work| async move {
            work.on(base.uuid);
            let tx = work.tx();
            if let Some(user) = tx.users().by_email(email).await.optional()?
                && tx.members().by_user(scope, user.base.uuid).await.optional()?.is_some()
            {
                return Err(Error::Conflict);
            }
            if tx.invitations().count(scope).await? >= Invitation::MAX_OPEN {
                return Err(Error::Conflict);
            }
            let roles = Giving::of(caller).exchange(&self.core, &work, scope, &[], roles).await?;
            let invitation = Invitation {
                base: base.clone(),
                scope,
                email: email.clone(),
                invited_by: caller.user_id,
                expires_at: base.created_at + Invitation::LIFETIME,
                roles,
            };
            tx.invitations().insert(&invitation, hash).await?;
            work.emit(&DomainEvent::MemberInvited { tenant, invitation: base.uuid }).await?;
            work.commit().await?;
            Ok(invitation)
        })
        .await
    }

    /// Takes a question back: its link is worth nothing any more.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn withdraw(&self, context: &Context, caller: &Principal, invitation: Uuid) -> Result<()> {
        Work::run(&self.core, context, WITHDRAW, |mut work| async move {
            work.on(invitation);
            if !work.tx().invitations().withdraw(caller.scope, invitation).await? {
                return Err(Error::NotFound);
            }
            work.commit().await
        })
        .await
    }

    /// Makes whoever reads the mail a member. Without an account they choose a password and have one.
    ///
    /// # Errors
    /// `TokenInvalid` when the invitation is unknown, expired, withdrawn or spent, or its tenant takes nobody in;
    /// `Invalid` for a missing or an unacceptable password, and the link stays good.
    pub async fn accept(&self, context: &Context, acceptance: Acceptance) -> Result<Accepted> {
        let hash = &*Secret::parse(&acceptance.token).ok_or(Error::TokenInvalid)?.hash(&self.core);
        let invitation = self.core.store.invitations().by_hash(hash).await.optional()?;
        let invitation = self.good(invitation).await?;
        let known = self.core.store.users().by_email(&invitation.email).await.optional()?;
        let (newcomer, password) = &self.newcomer(&invitation, known.as_ref(), &acceptance).await?;
        let accepted = Work::run(&self.core, context, ACCEPT, |mut work| async move {
            let taken = work.tx().invitations().take(hash).await.optional()?;
            let invitation = self.good(taken).await?;
            let user = self.invited(&mut work, newcomer, password.as_deref()).await?;
            work.acting_as(Actor::User { id: user.base.id, uuid: user.base.uuid }, invitation.scope);
            work.on(invitation.base.uuid);
            let ids: Vec<i64> = invitation.roles.iter().map(|role: &RoleLink| role.id).collect();
            let base = self.core.base()?;
            work.tx().members().admit(&base, user.base.id, invitation.scope, &ids).await?;
            work.tx().users().bump_auth_revision(user.base.id).await?;
            let (_, tenant) = tenant_of(invitation.scope)?;
            work.emit(&DomainEvent::MemberJoined { tenant, user: user.base.uuid }).await?;
            work.commit().await?;
            Ok((user.base.id, Accepted { user: user.base.uuid, tenant }))
        });
        let (id, accepted) = accepted.await?;
        self.auth.forget_user(id);
        Ok(accepted)
    }

    /// The token of an invitation, as it stands in the link, and its hash.
    pub(crate) fn token_of(&self, invitation: Uuid) -> Result<(String, Vec<u8>)> {
        Ok(mail_token_text(&self.core, self.keys.derive(&[b"invitation", invitation.as_bytes()])?))
    }

    async fn good(&self, invitation: Option<Invitation>) -> Result<Invitation> {
        let now = self.core.clock.now();
        let invitation = invitation.filter(|found| found.expires_at > now).ok_or(Error::TokenInvalid)?;
        let (_, uuid) = tenant_of(invitation.scope)?;
        let tenant = self.core.store.tenants().by_uuid(uuid).await.optional()?;
        match tenant.map(|tenant| tenant.status) {
            Some(TenantStatus::Active) => Ok(invitation),
            _ => Err(Error::TokenInvalid),
        }
    }

    /// Who has to be made, and with which password. Hashed before the unit of work, which has the only writer on SQLite.
    async fn newcomer(
        &self,
        invitation: &Invitation,
        known: Option<&User>,
        acceptance: &Acceptance,
    ) -> Result<(Newcomer, Option<String>)> {
        let refused =
            |error: domain::NameError| Error::Invalid(vec![FieldError::new("displayName", "length", &error)]);
        let display_name =
            acceptance.display_name.as_deref().map(DisplayName::parse).transpose().map_err(refused)?;
        let newcomer = Newcomer { email: invitation.email.clone(), display_name };
        if known.is_some_and(User::is_verified) {
            return Ok((newcomer, None));
        }
        let password = acceptance.password.as_ref().ok_or_else(|| {
            Error::field("password", "required", "is needed, because there is no account yet")
        })?;
        let user = User::new(self.core.base()?, newcomer.email.clone(), newcomer.display_name.clone());
        let hash = self.auth.hash_of(&user, password, "password").await?;
        Ok((newcomer, Some(hash)))
    }

    /// The account that is going to be a member.
    async fn invited(&self, work: &mut Work<'_>, newcomer: &Newcomer, hash: Option<&str>) -> Result<User> {
        match (work.tx().users().by_email(&newcomer.email).await.optional()?, hash) {
            (Some(user), _) if user.status == UserStatus::Locked => Err(Error::TokenInvalid),
            (Some(user), _) if user.is_verified() => Ok(user),
            (_, Some(hash)) => {
                let mut user = self.auth.begin_account(work, newcomer, hash).await?;
                self.auth.mark_verified(work, &mut user).await?;
                Ok(user)
            }
            // It was there a moment ago.
            (_, None) => Err(Error::Conflict),
        }
    }
}
