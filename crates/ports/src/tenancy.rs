//! Tenants, memberships, roles and what they grant.

use async_trait::async_trait;
use domain::{Base, Permission, SystemRole, Tenant, TenantScope};
use uuid::Uuid;

use crate::Result;

/// Reading who may do what.
#[async_trait]
pub trait AccessQueries: Send + Sync {
    /// The active membership of a user in a tenant, as a scope.
    ///
    /// # Errors
    /// `NotFound` when the user is no member or the tenant is gone.
    async fn membership(&self, user_id: i64, tenant: Uuid) -> Result<TenantScope>;
    /// The same by the tenant's internal id, as sessions keep it.
    ///
    /// # Errors
    /// `NotFound` when the user is no member or the tenant is gone.
    async fn membership_by_id(&self, user_id: i64, tenant_id: i64) -> Result<TenantScope>;
    /// All grants of a user: of platform roles, and of roles in `scope`. One statement.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn grants(&self, user_id: i64, scope: TenantScope) -> Result<Vec<Permission>>;
    /// The tenant with this short name.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn tenant_by_slug(&self, slug: &str) -> Result<Tenant>;
    /// The tenant with this public id.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn tenant_by_uuid(&self, uuid: Uuid) -> Result<Tenant>;
}

/// Writing who may do what.
#[async_trait]
pub trait AccessRepo: AccessQueries {
    /// Writes a new tenant.
    ///
    /// # Errors
    /// `Conflict` when the short name is taken.
    async fn insert_tenant(&self, tenant: &Tenant) -> Result<()>;
    /// Writes a system role with its grants.
    ///
    /// # Errors
    /// `Conflict` when the scope has a role of that name.
    async fn insert_system_role(&self, base: &Base, role: SystemRole, scope: TenantScope) -> Result<()>;
    /// Makes a user a member of a tenant with one of its system roles; again changes nothing.
    ///
    /// # Errors
    /// `NotFound` when the tenant has no such role.
    async fn join(&self, base: &Base, user_id: i64, scope: TenantScope, role: SystemRole) -> Result<()>;
    /// The live, active users that hold a platform role. They stay as they are, and their roles with them, until the
    /// unit of work ends: of two that would each leave one behind, the second sees what the first one did.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn lock_holders_of_platform_role(&self, role: SystemRole) -> Result<Vec<i64>>;
    /// Gives a user a platform role; again changes nothing.
    ///
    /// # Errors
    /// `NotFound` when there is no such role.
    async fn assign_platform_role(&self, user_id: i64, role: SystemRole) -> Result<()>;
}
