//! Making, changing and deleting roles.
//!
//! Units of work that change one scope's roles wait for each other at its policy's revision: what they check of the
//! others, no one changes meanwhile.

use domain::{Policy, Role, RoleLink, RoleName};
use uuid::Uuid;

use super::assign::Giving;
use super::parse::Parsed;
use super::{NewRole, RoleChanges, Roles};
use crate::auth::Principal;
use crate::users::lost_race;
use crate::{Action, Context, Error, Result, Work};

const CREATE: Action = Action { name: "role.create", resource: "role" };
const CHANGE: Action = Action { name: "role.update", resource: "role" };
const DELETE: Action = Action { name: "role.delete", resource: "role" };

impl Roles {
    /// Makes a role.
    ///
    /// # Errors
    /// `Invalid`; `Forbidden` for what the caller has not themselves; `Conflict` when the scope has a role of that name,
    /// or too many.
    pub async fn create(&self, context: &Context, caller: &Principal, new: NewRole) -> Result<Role> {
        let parsed = &Parsed::of(new.into(), caller.scope)?;
        let base = &self.core.base()?;
        let made = Work::run(&self.core, context, CREATE, |mut work| async move {
            work.on(base.uuid);
            work.tx().access().bump_policy(caller.scope).await?;
            if work.tx().roles().count(caller.scope).await? >= Role::MAX_PER_SCOPE {
                return Err(Error::Conflict);
            }
            let blank = Role {
                base: base.clone(),
                name: RoleName::parse("-").map_err(|error| Error::field("name", "length", error))?,
                description: None,
                system: false,
                permissions: Vec::new(),
                parents: Vec::new(),
            };
            let role = self.shaped(&work, caller, blank, parsed).await?;
            work.tx().roles().insert(caller.scope, &role).await?;
            work.commit().await?;
            Ok(role)
        });
        let made = made.await?;
        self.auth.forget_scope(caller.scope);
        Ok(made)
    }

    /// Changes a role, and gives it as it is then. Whoever has it may do something else from the next request on.
    ///
    /// # Errors
    /// As [`Roles::create`]; `NotFound`; `Precondition`; `Conflict` for a system role, too.
    pub async fn change(
        &self,
        context: &Context,
        caller: &Principal,
        uuid: Uuid,
        changes: RoleChanges,
        seen: Option<&[i32]>,
    ) -> Result<Role> {
        let parsed = &Parsed::of(changes, caller.scope)?;
        let role = Work::run(&self.core, context, CHANGE, |mut work| async move {
            let role = self.load(&mut work, caller, uuid, seen).await?;
            let mut next = self.shaped(&work, caller, role.clone(), parsed).await?;
            if next == role {
                return Ok(role);
            }
            next.base.updated_at = self.core.clock.now();
            work.tx().roles().update(caller.scope, &next).await.map_err(lost_race)?;
            next.base.version += 1;
            work.commit().await?;
            Ok(next)
        });
        let role = role.await?;
        self.auth.forget_scope(caller.scope);
        Ok(role)
    }

    /// Deletes a role. Nobody has it any more from the next request on.
    ///
    /// # Errors
    /// `NotFound`; `Precondition`; `Conflict` for a system role.
    pub async fn delete(
        &self,
        context: &Context,
        caller: &Principal,
        uuid: Uuid,
        seen: Option<&[i32]>,
    ) -> Result<()> {
        Work::run(&self.core, context, DELETE, |mut work| async move {
            let mut role = self.load(&mut work, caller, uuid, seen).await?;
            role.base.deleted_at = Some(self.core.clock.now());
            work.tx().roles().update(caller.scope, &role).await.map_err(lost_race)?;
            work.commit().await
        })
        .await?;
        self.auth.forget_scope(caller.scope);
        Ok(())
    }

    /// The role that is about to change; from here on nobody else changes one of the scope.
    async fn load(
        &self,
        work: &mut Work<'_>,
        caller: &Principal,
        uuid: Uuid,
        seen: Option<&[i32]>,
    ) -> Result<Role> {
        work.on(uuid);
        work.tx().access().bump_policy(caller.scope).await?;
        let role = work.tx().roles().by_uuid(caller.scope, uuid).await?;
        if seen.is_some_and(|seen| !seen.contains(&role.base.version)) {
            return Err(Error::Precondition);
        }
        if role.system { Err(Error::Conflict) } else { Ok(role) }
    }

    /// The role with the changes, once all of them may be made.
    async fn shaped(
        &self,
        work: &Work<'_>,
        caller: &Principal,
        mut role: Role,
        parsed: &Parsed,
    ) -> Result<Role> {
        let giving = Giving::of(caller);
        if let Some(name) = &parsed.name {
            role.name = name.clone();
        }
        if let Some(description) = &parsed.description {
            role.description.clone_from(description);
        }
        if let Some(permissions) = &parsed.permissions {
            giving.permissions(permissions.iter().filter(|wanted| !role.permissions.contains(wanted)))?;
            role.permissions.clone_from(permissions);
        }
        if let Some(inherits) = &parsed.inherits {
            let parents = work.tx().roles().named(caller.scope, inherits).await?;
            if parents.len() != inherits.len() {
                return Err(Error::field("inherits", "unknown", "names a role that there is not"));
            }
            let policy = work.tx().access().policy(caller.scope).await?;
            refuse_circles(&policy, &role, &parents)?;
            let new: Vec<RoleLink> =
                parents.iter().filter(|parent| !role.parents.contains(parent)).cloned().collect();
            giving.roles(&self.core, &policy, &new).await?;
            role.parents = parents;
        }
        Ok(role)
    }
}

fn refuse_circles(policy: &Policy, role: &Role, parents: &[RoleLink]) -> Result<()> {
    let ids: Vec<i64> = parents.iter().map(|parent| parent.id).collect();
    match policy.depth_with(role.base.id, &ids) {
        Some(_) => Ok(()),
        None => Err(Error::field("inherits", "circle", "must lead to an end, in ten steps at most")),
    }
}
