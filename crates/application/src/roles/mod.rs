//! Roles of a tenant, or of the platform: which there are, what they grant, who has those of the platform. Which members
//! have those of a tenant is a matter of [`tenants`](crate::tenants).
//!
//! **Invariant:** nobody gives, by whatever way, what they have not themselves.

mod assign;
mod parse;
mod write;

pub(crate) use assign::Giving;
pub use parse::{NewRole, RoleChanges};

use domain::Role;
use ports::{ROLE_ORDERS, SortKey};
use uuid::Uuid;

use crate::auth::{Auth, Principal};
use crate::lists::{List, Lists};
use crate::{Ask, Core, Listed, Result};

const LIST: List = List { name: "roles", orders: ROLE_ORDERS, default: &[SortKey::asc("createdAt")] };

/// Use cases on roles. Whose is said by the caller's scope.
#[derive(Clone)]
pub struct Roles {
    core: Core,
    lists: Lists,
    auth: Auth,
}

impl Roles {
    pub(crate) fn new(core: Core, lists: Lists, auth: Auth) -> Self {
        Self { core, lists, auth }
    }

    /// The roles, from old to new unless asked otherwise.
    pub async fn list(&self, caller: &Principal, ask: &Ask) -> Result<Listed<Role>> {
        let reading = self.lists.begin(&LIST, ask)?;
        let roles = self.core.store.roles();
        let found = roles.list(caller.scope, reading.page()).await?;
        let total = reading.total(async || roles.count(caller.scope).await).await?;
        reading.finish(found, total)
    }

    /// One of them.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, caller: &Principal, uuid: Uuid) -> Result<Role> {
        Ok(self.core.store.roles().by_uuid(caller.scope, uuid).await?)
    }
}
