//! Who belongs to a tenant, and as what.

use domain::{DomainEvent, Member, SystemRole};
use ports::{SortKey, TENANCY_ORDERS};
use uuid::Uuid;

use super::{Tenants, tenant_of};
use crate::auth::Principal;
use crate::lists::List;
use crate::roles::Giving;
use crate::users::lost_race;
use crate::{Action, Ask, Context, Error, Listed, Result, Work};

const LIST: List = List { name: "members", orders: TENANCY_ORDERS, default: &[SortKey::asc("createdAt")] };
const CHANGE: Action = Action { name: "member.roles", resource: "member" };
const REMOVE: Action = Action { name: "member.remove", resource: "member" };

impl Tenants {
    /// The members, from old to new unless asked otherwise.
    pub async fn members(&self, caller: &Principal, ask: &Ask) -> Result<Listed<Member>> {
        let scope = caller.scope;
        // Of one tenant, cursors are worth nothing in another.
        let ask = &Ask { choice: format!("{:?};{}", scope.tenant_uuid(), ask.choice), ..ask.clone() };
        let reading = self.lists.begin(&LIST, ask)?;
        let members = self.core.store.members();
        let found = members.list(scope, reading.page()).await?;
        let total = reading.total(async || members.count(scope).await).await?;
        reading.finish(found, total)
    }

    /// Gives a member these roles and no others, from the next request on.
    ///
    /// # Errors
    /// `NotFound`; `Precondition`; `Invalid` for unknown roles; `Forbidden` for what the caller has not themselves;
    /// `Conflict` when nobody would own the tenant any more.
    pub async fn set_roles(
        &self,
        context: &Context,
        caller: &Principal,
        user: Uuid,
        roles: &[Uuid],
        seen: Option<&[i32]>,
    ) -> Result<Member> {
        let (scope, (_, tenant)) = (caller.scope, tenant_of(caller.scope)?);
        let changed = Work::run(&self.core, context, CHANGE, |mut work| async move {
            let mut member = self.load(&mut work, caller, user, seen).await?;
            let giving = Giving::of(caller);
            let wanted = giving.exchange(&self.core, &work, scope, &member.roles, roles).await?;
            if wanted == member.roles {
                return Ok(member);
            }
            let owns = wanted.iter().any(|role| role.name == SystemRole::Owner.name());
            self.refuse_ownerless(&work, caller, &member, owns).await?;
            let (ids, now) = (wanted.iter().map(|role| role.id).collect::<Vec<_>>(), self.core.clock.now());
            work.tx().members().set_roles(scope, &member, &ids, now).await.map_err(lost_race)?;
            work.tx().users().bump_auth_revision(member.user_id).await?;
            member.base.version += 1;
            member.base.updated_at = now;
            member.roles = wanted;
            work.emit(&DomainEvent::MemberChanged { tenant, user }).await?;
            work.commit().await?;
            Ok(member)
        });
        let changed = changed.await?;
        self.auth.forget_user(changed.user_id);
        Ok(changed)
    }

    /// Ends a membership, from the next request on: the caller's own, or that of somebody who has nothing that the caller
    /// has not.
    ///
    /// # Errors
    /// `NotFound`; `Precondition`; `Forbidden`; `Conflict` when nobody would own the tenant any more.
    pub async fn remove(
        &self,
        context: &Context,
        caller: &Principal,
        user: Uuid,
        seen: Option<&[i32]>,
    ) -> Result<()> {
        let (scope, (_, tenant)) = (caller.scope, tenant_of(caller.scope)?);
        let removed = Work::run(&self.core, context, REMOVE, |mut work| async move {
            let member = self.load(&mut work, caller, user, seen).await?;
            if user != caller.user {
                Giving::of(caller).exchange(&self.core, &work, scope, &member.roles, &[]).await?;
            }
            self.refuse_ownerless(&work, caller, &member, false).await?;
            let now = self.core.clock.now();
            work.tx().members().remove(scope, &member, now).await.map_err(lost_race)?;
            work.tx().users().bump_auth_revision(member.user_id).await?;
            work.emit(&DomainEvent::MemberRemoved { tenant, user }).await?;
            work.commit().await?;
            Ok(member.user_id)
        });
        self.auth.forget_user(removed.await?);
        Ok(())
    }

    async fn load(
        &self,
        work: &mut Work<'_>,
        caller: &Principal,
        user: Uuid,
        seen: Option<&[i32]>,
    ) -> Result<Member> {
        work.on(user);
        let member = work.tx().members().by_user(caller.scope, user).await?;
        match seen {
            Some(seen) if !seen.contains(&member.base.version) => Err(Error::Precondition),
            _ => Ok(member),
        }
    }

    /// A tenant always has an owner.
    async fn refuse_ownerless(
        &self,
        work: &Work<'_>,
        caller: &Principal,
        member: &Member,
        owns: bool,
    ) -> Result<()> {
        let owners = work.tx().members().lock_owners(caller.scope).await?;
        if !owns && owners == [member.user_id] { Err(Error::Conflict) } else { Ok(()) }
    }
}
