//! Exchanging a refresh token: rotation, the grace for repeats, and the end of a family whose token was copied.

use domain::{
    Actor, DomainEvent, Presented, RefreshToken, Session, TenantScope, Timestamp, User, UserStatus,
    judge_refresh,
};
use ports::ResultExt;
use secrecy::SecretString;

use super::Auth;
use super::secret::Secret;
use super::session::SignedIn;
use crate::{Action, AuthFailure, Context, Error, Result, Work};

const REFRESH: Action = Action { name: "session.refresh", resource: "session" };

/// What belongs to a presented token.
struct Family {
    token: RefreshToken,
    session: Session,
    user: User,
}

impl Auth {
    /// Gives a new pair of tokens for a refresh token.
    pub async fn refresh(&self, context: &Context, presented: &SecretString) -> Result<SignedIn> {
        let presented = &Secret::parse(presented).ok_or(AuthFailure::Unauthenticated)?;
        let now = self.core.clock.now();
        Work::run(&self.core, context, REFRESH, |mut work| async move {
            let family = self.lock_family(&work, presented).await?.ok_or(AuthFailure::Unauthenticated)?;
            let actor = Actor::User { id: family.user.base.id, uuid: family.user.base.uuid };
            work.acting_as(actor, context.scope);
            work.on(family.session.base.uuid);
            match judge_refresh(&family.token, &family.session, &self.core.settings.lifetimes, now) {
                Presented::Fresh => self.rotate(work, family, presented, now).await,
                Presented::Repeated => self.repeat(&work, family, presented, now).await,
                Presented::Reused => Err(self.end_family(work, &family, now).await),
                Presented::Expired => Err(AuthFailure::TokenExpired.into()),
                Presented::Revoked => Err(AuthFailure::TokenRevoked.into()),
            }
        })
        .await
    }

    async fn lock_family(&self, work: &Work<'_>, presented: &Secret) -> Result<Option<Family>> {
        let tx = work.tx();
        let Some(token) = tx.refresh_tokens().lock_by_hash(&presented.hash(&self.core)).await.optional()?
        else {
            return Ok(None);
        };
        let session = tx.sessions().by_id(token.session_id).await?;
        let user = tx.users().by_id(session.user_id).await.optional()?;
        let user = user.filter(|user| user.status == UserStatus::Active).ok_or(AuthFailure::TokenRevoked)?;
        Ok(Some(Family { token, session, user }))
    }

    async fn rotate(
        &self,
        mut work: Work<'_>,
        family: Family,
        presented: &Secret,
        now: Timestamp,
    ) -> Result<SignedIn> {
        let scope = self.session_scope(&family).await?;
        work.acting_as(Actor::User { id: family.user.base.id, uuid: family.user.base.uuid }, scope);
        let mut nonce = [0; 16];
        self.core.random.fill(&mut nonce)?;
        let successor = self.successor(presented, &nonce)?;
        work.tx().refresh_tokens().spend(family.token.id, &nonce, now).await?;
        self.add_refresh_token(&work, &family.session, &successor, now).await?;
        work.tx().sessions().touch(family.session.base.id, now).await?;
        work.commit().await?;
        self.sign_in(family.user, &family.session, scope, &successor, now)
    }

    /// A double click or a lost answer: the same successor again, unless somebody has gone on with it.
    /// Nothing changes, so the transaction is only dropped.
    async fn repeat(
        &self,
        work: &Work<'_>,
        family: Family,
        presented: &Secret,
        now: Timestamp,
    ) -> Result<SignedIn> {
        let nonce = family.token.nonce.as_deref().unwrap_or_default();
        let successor = self.successor(presented, nonce)?;
        let next = work.tx().refresh_tokens().lock_by_hash(&successor.hash(&self.core)).await.optional()?;
        if next.is_none_or(|next| next.spent_at.is_some()) {
            return Err(Error::RefreshSuperseded);
        }
        let scope = self.session_scope(&family).await?;
        self.sign_in(family.user, &family.session, scope, &successor, now)
    }

    /// Somebody else has a copy. The refusal is committed: an error that rolled it back would let the thief go on.
    async fn end_family(&self, work: Work<'_>, family: &Family, now: Timestamp) -> Error {
        let session = family.session.base.uuid;
        match self.revoke_in(&work, &family.session, now).await {
            Ok(()) => {}
            Err(error) => return error,
        }
        let event = DomainEvent::TokenReused { user: family.user.base.uuid, session };
        if let Err(error) = work.emit(&event).await {
            return error;
        }
        let answer = work.deny(AuthFailure::TokenRevoked.into()).await;
        self.bearers.principals.forget(session);
        self.uncache(session).await;
        answer
    }

    /// Ends a session and what replicas remember of its user.
    pub(super) async fn revoke_in(&self, work: &Work<'_>, session: &Session, now: Timestamp) -> Result<()> {
        if work.tx().sessions().revoke(session.base.id, now).await? {
            work.tx().users().bump_auth_revision(session.user_id).await?;
        }
        Ok(())
    }

    /// The tenant that the session speaks for, as long as its person may; else none.
    async fn session_scope(&self, family: &Family) -> Result<TenantScope> {
        let Some(tenant) = family.session.tenant_id else { return Ok(TenantScope::Platform) };
        let access = self.core.store.access();
        let membership = access.membership_by_id(family.user.base.id, tenant).await.optional()?;
        let admitted = membership
            .filter(|membership| !membership.requires_mfa || family.session.methods.is_multi_factor());
        Ok(admitted.map_or(TenantScope::Platform, |membership| membership.scope))
    }

    /// Derived, never stored: from the presented token, which only its holder has, under a key only we have.
    fn successor(&self, presented: &Secret, nonce: &[u8]) -> Result<Secret> {
        Ok(Secret::derived(self.keys.derive(&[b"refresh-successor", presented.bytes(), nonce])?))
    }
}
