//! Who has the roles of the platform, and what anybody may give away at all.

use domain::{Permission, Permissions, Policy, RoleLink, SystemRole, TenantScope};
use uuid::Uuid;

use super::Roles;
use crate::auth::Principal;
use crate::{Action, Context, Core, Error, Result, Work};

const ASSIGN: Action = Action { name: "user.roles", resource: "user" };

/// What a caller may give away: what they have themselves, where they are.
pub(crate) struct Giving<'a>(&'a Permissions);

impl<'a> Giving<'a> {
    pub(crate) fn of(caller: &'a Principal) -> Self {
        match caller.scope {
            TenantScope::Platform => Self(&caller.platform),
            TenantScope::Tenant { .. } => Self(&caller.permissions),
        }
    }

    /// # Errors
    /// `Forbidden` when one of them is not the caller's to give.
    pub(crate) fn permissions<'p>(&self, mut wanted: impl Iterator<Item = &'p Permission>) -> Result<()> {
        if wanted.all(|permission| self.0.cover(permission)) { Ok(()) } else { Err(Error::Forbidden) }
    }

    /// The same for roles with all that they inherit.
    ///
    /// # Errors
    /// `Forbidden` when one of them grants what is not the caller's to give.
    pub(crate) async fn roles(&self, core: &Core, policy: &Policy, wanted: &[RoleLink]) -> Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = wanted.iter().map(|role| role.id).collect();
        self.permissions(core.policy.compile(policy).await?.granted(&ids)?.iter())
    }

    /// From one set of roles to another: what is added and what is taken away, both are the caller's to give.
    ///
    /// # Errors
    /// `Invalid` when a role is unknown; `Forbidden`.
    pub(crate) async fn exchange(
        &self,
        core: &Core,
        work: &Work<'_>,
        scope: TenantScope,
        former: &[RoleLink],
        wanted: &[Uuid],
    ) -> Result<Vec<RoleLink>> {
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let found = work.tx().roles().named(scope, &wanted).await?;
        if found.len() != wanted.len() {
            return Err(Error::field("roles", "unknown", "names a role that there is not"));
        }
        let added = found.iter().filter(|role| !former.contains(role));
        let taken = former.iter().filter(|role| !found.contains(role));
        let moved: Vec<RoleLink> = added.chain(taken).cloned().collect();
        let policy = work.tx().access().policy(scope).await?;
        self.roles(core, &policy, &moved).await?;
        Ok(found)
    }
}

impl Roles {
    /// The platform roles of an account.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn of_user(&self, user: Uuid) -> Result<Vec<RoleLink>> {
        let user = self.core.store.users().by_uuid(user).await?;
        Ok(self.core.store.roles().of_user(user.base.id).await?)
    }

    /// Gives an account these platform roles and no others, from its next request on.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for unknown roles; `Forbidden` for what the caller has not themselves; `Conflict` when
    /// nobody would own the platform any more.
    pub async fn assign(
        &self,
        context: &Context,
        caller: &Principal,
        user: Uuid,
        roles: &[Uuid],
    ) -> Result<Vec<RoleLink>> {
        let platform = TenantScope::Platform;
        let assigned = Work::run(&self.core, context, ASSIGN, |mut work| async move {
            work.on(user);
            let tx = work.tx();
            let owners = tx.access().lock_holders_of_platform_role(SystemRole::Owner).await?;
            let holder = tx.users().by_uuid(user).await?;
            let former = tx.roles().of_user(holder.base.id).await?;
            let giving = Giving(&caller.platform);
            let wanted = giving.exchange(&self.core, &work, platform, &former, roles).await?;
            let owns = wanted.iter().any(|role| role.name == SystemRole::Owner.name());
            if owners == [holder.base.id] && !owns {
                return Err(Error::Conflict);
            }
            let ids: Vec<i64> = wanted.iter().map(|role| role.id).collect();
            tx.access().set_platform_roles(holder.base.id, &ids).await?;
            tx.users().bump_auth_revision(holder.base.id).await?;
            work.commit().await?;
            Ok((holder.base.id, wanted))
        });
        let (id, wanted) = assigned.await?;
        self.auth.forget_user(id);
        Ok(wanted)
    }
}
