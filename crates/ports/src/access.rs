//! Who may do what, as it is asked when somebody calls.

use async_trait::async_trait;
use domain::{Base, Policy, SystemRole, TenantScope};
use uuid::Uuid;

use crate::Result;

/// A way into a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// The tenant.
    pub scope: TenantScope,
    /// Whether it takes a second factor to get in.
    pub requires_mfa: bool,
}

/// What must not have changed since a caller's rights were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Revisions {
    /// Of the user: sessions, memberships, roles.
    pub user: i64,
    /// Of the platform's roles and what they grant.
    pub platform: i64,
    /// The same of the tenant; 0 for the platform itself.
    pub tenant: i64,
}

/// Reading who may do what.
#[async_trait]
pub trait AccessQueries: Send + Sync {
    /// The active membership of a live user in an active tenant.
    ///
    /// # Errors
    /// `NotFound` when the user is no member, or the tenant is suspended or gone.
    async fn membership(&self, user_id: i64, tenant: Uuid) -> Result<Membership>;
    /// The same by the tenant's internal id, as sessions keep it.
    ///
    /// # Errors
    /// As [`AccessQueries::membership`].
    async fn membership_by_id(&self, user_id: i64, tenant_id: i64) -> Result<Membership>;
    /// What a caller's rights depend on, in one statement of primary or unique keys. Every one is raised in the unit of
    /// work that changes what it stands for; a policy that was never changed is at 0.
    ///
    /// # Errors
    /// `NotFound` when the user is gone.
    async fn revisions(&self, user: Uuid, tenant: Option<Uuid>) -> Result<Revisions>;
    /// Internal ids of the live roles that a user has in `scope`, in a tenant as an active member. In any order.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn roles_of(&self, user_id: i64, scope: TenantScope) -> Result<Vec<i64>>;
    /// All live roles of a scope. Permissions of a form that only a newer release knows are left out.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn policy(&self, scope: TenantScope) -> Result<Policy>;
}

/// Writing who may do what.
#[async_trait]
pub trait AccessRepo: AccessQueries {
    /// Raises the revision of a scope's policy: what replicas have computed from it ends. Units of work that change one
    /// policy wait for each other from here on.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn bump_policy(&self, scope: TenantScope) -> Result<()>;
    /// Writes a system role.
    ///
    /// # Errors
    /// `Conflict` when the scope has a role of that name.
    async fn insert_system_role(&self, base: &Base, role: SystemRole, scope: TenantScope) -> Result<()>;
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
    /// Gives a user these platform roles, by their internal ids, and no others.
    ///
    /// # Errors
    /// `Conflict` when one of them is gone.
    async fn set_platform_roles(&self, user_id: i64, roles: &[i64]) -> Result<()>;
}
