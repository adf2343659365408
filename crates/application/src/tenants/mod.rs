//! Tenants: founding them, what they are like, who belongs to them and who is asked to. One file per thing.
//!
//! Calls on one tenant take it from the caller's scope, which is that tenant's: see
//! [`Auth::within`](crate::auth::Auth::within).

mod change;
mod create;
mod invitations;
mod members;

pub use change::TenantChanges;
pub use create::NewTenant;
pub use invitations::{Acceptance, Accepted, InvitationOrder};

use domain::{Tenant, TenantScope};
use ports::{Kind, SortKey, TENANCY_ORDERS, TenantFilter};
use uuid::Uuid;

use crate::auth::{Auth, Principal};
use crate::keys::KeyRing;
use crate::lists::{List, Lists};
use crate::{Ask, Core, Error, Listed, Result};

const LIST: List = List { name: "tenants", orders: TENANCY_ORDERS, default: &[SortKey::desc("createdAt")] };

/// Use cases on tenants.
#[derive(Clone)]
pub struct Tenants {
    core: Core,
    lists: Lists,
    auth: Auth,
    keys: KeyRing,
}

impl Tenants {
    pub(crate) fn new(core: Core, lists: Lists, auth: Auth, keys: KeyRing) -> Self {
        Self { core, lists, auth, keys }
    }

    /// The tenants that the caller is a member of, or with `all` every one, from new to old unless asked otherwise.
    ///
    /// # Errors
    /// `Forbidden` for all of them without a role of the platform.
    pub async fn list(&self, caller: &Principal, all: bool, ask: &Ask) -> Result<Listed<Tenant>> {
        if all && !caller.platform.allow("tenants:read") {
            return Err(Error::Forbidden);
        }
        let reading = self.lists.begin(&LIST, ask)?;
        let filter = TenantFilter { member: (!all).then_some(caller.user_id) };
        let tenants = self.core.store.tenants();
        let found = tenants.list(&filter, reading.page()).await?;
        let total = reading.total(async || tenants.count(&filter).await).await?;
        reading.finish(found, total)
    }

    /// The tenant of the caller's scope.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, caller: &Principal) -> Result<Tenant> {
        let (_, uuid) = tenant_of(caller.scope)?;
        Ok(self.core.store.tenants().by_uuid(uuid).await?)
    }
}

/// The ids of a scope that has to be a tenant's.
fn tenant_of(scope: TenantScope) -> Result<(i64, Uuid)> {
    match scope {
        TenantScope::Tenant { id, uuid } => Ok((id, uuid)),
        TenantScope::Platform => Err(Error::Internal(ports::Error::new(Kind::Internal, "tenants.scope"))),
    }
}
