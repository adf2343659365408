//! Roles, of tenants and of the platform.

use async_trait::async_trait;
use domain::{Role, RoleLink, TenantScope};
use uuid::Uuid;

use crate::{Order, Page, PageOf, Result, SortKey};

/// What roles can be sorted by.
pub const ROLE_ORDERS: &[Order] = &[&[SortKey::asc("createdAt")]];

/// Reading the roles of a scope.
#[async_trait]
pub trait RoleQueries: Send + Sync {
    /// A live role with what it grants and inherits.
    ///
    /// # Errors
    /// `NotFound` when the scope has none with this id.
    async fn by_uuid(&self, scope: TenantScope, uuid: Uuid) -> Result<Role>;
    /// One page of the live roles, a few statements whatever its length.
    ///
    /// # Errors
    /// `Unsupported` for another order than one of [`ROLE_ORDERS`] or its reverse, or a position with more or fewer
    /// keys; `Unavailable`.
    async fn list(&self, scope: TenantScope, page: &Page) -> Result<PageOf<Role>>;
    /// How many live roles there are.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn count(&self, scope: TenantScope) -> Result<u64>;
    /// Those of the live roles with these ids that the scope has, sorted by name.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn named(&self, scope: TenantScope, uuids: &[Uuid]) -> Result<Vec<RoleLink>>;
    /// The platform roles of a user, sorted by name.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn of_user(&self, user_id: i64) -> Result<Vec<RoleLink>>;
}

/// Writing the roles of a scope. What grants something new, or no more, also raises the policy
/// ([`AccessRepo::bump_policy`](crate::AccessRepo::bump_policy)); that is left to whoever calls.
#[async_trait]
pub trait RoleRepo: RoleQueries {
    /// Writes a new role with its permissions and parents.
    ///
    /// # Errors
    /// `Conflict` when the scope has a role of that name, or a parent is none of its live roles.
    async fn insert(&self, scope: TenantScope, role: &Role) -> Result<()>;
    /// Writes name, description, permissions and parents of a role that was read at `role.base.version`, and raises the
    /// version by one; with `deleted_at` it is gone, and nobody has it any more.
    ///
    /// # Errors
    /// `Precondition` when the row is at another version, deleted, a system role, or the scope's not; `Conflict` when
    /// the scope has another role of that name, or a parent is none of its live roles.
    async fn update(&self, scope: TenantScope, role: &Role) -> Result<()>;
}
