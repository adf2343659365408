//! Tenants, who belongs to them, and who is asked to.

use async_trait::async_trait;
use domain::{Base, Invitation, Member, SystemRole, Tenant, TenantScope, Timestamp};
use uuid::Uuid;

use crate::{Order, Page, PageOf, Result, SortKey};

/// What tenants, members and invitations can be sorted by.
pub const TENANCY_ORDERS: &[Order] = &[&[SortKey::asc("createdAt")]];

/// Which tenants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TenantFilter {
    /// Only those that this user is an active member of.
    pub member: Option<i64>,
}

/// Reading tenants.
///
/// # Errors
/// Of lists: `Unsupported` for another order than one of [`TENANCY_ORDERS`] or its reverse, or a position with more or
/// fewer keys. Of all: `Unavailable`.
#[async_trait]
pub trait TenantQueries: Send + Sync {
    /// The live tenant with this short name, suspended ones too; else `NotFound`.
    async fn by_slug(&self, slug: &str) -> Result<Tenant>;
    /// The live tenant with this public id, suspended ones too; else `NotFound`.
    async fn by_uuid(&self, uuid: Uuid) -> Result<Tenant>;
    /// One page of the live tenants that the filter lets through.
    async fn list(&self, filter: &TenantFilter, page: &Page) -> Result<PageOf<Tenant>>;
    /// How many there are.
    async fn count(&self, filter: &TenantFilter) -> Result<u64>;
}

/// Writing tenants.
#[async_trait]
pub trait TenantRepo: TenantQueries {
    /// Writes a new tenant.
    ///
    /// # Errors
    /// `Conflict` when the short name is taken.
    async fn insert(&self, tenant: &Tenant) -> Result<()>;
    /// Writes all fields of a tenant that was read at `tenant.base.version` and raises the version by one; with
    /// `deleted_at` it is gone.
    ///
    /// # Errors
    /// `Precondition` when the row is at another version or deleted; `Conflict` when the short name is taken.
    async fn update(&self, tenant: &Tenant) -> Result<()>;
}

/// Reading who belongs to a tenant: live users with an active membership.
///
/// # Errors
/// As [`TenantQueries`].
#[async_trait]
pub trait MemberQueries: Send + Sync {
    /// A member with the roles in the tenant; else `NotFound`.
    async fn by_user(&self, scope: TenantScope, user: Uuid) -> Result<Member>;
    /// One page of the members, a few statements whatever its length.
    async fn list(&self, scope: TenantScope, page: &Page) -> Result<PageOf<Member>>;
    /// How many members there are.
    async fn count(&self, scope: TenantScope) -> Result<u64>;
}

/// Writing who belongs to a tenant. What users may do changes with it, so their revision has to be raised
/// ([`UserRepo::bump_auth_revision`](crate::UserRepo::bump_auth_revision)); that is left to whoever calls.
#[async_trait]
pub trait MemberRepo: MemberQueries {
    /// Makes a user a member of a tenant with one of its system roles; again changes nothing.
    ///
    /// # Errors
    /// `NotFound` when the tenant has no such role.
    async fn join(&self, base: &Base, user_id: i64, scope: TenantScope, role: SystemRole) -> Result<()>;
    /// Makes a user a member of a tenant with these roles, by their internal ids; a member gets those that are missing.
    ///
    /// # Errors
    /// `Conflict` when one of them is gone, or none of the tenant's.
    async fn admit(&self, base: &Base, user_id: i64, scope: TenantScope, roles: &[i64]) -> Result<()>;
    /// Gives a member, read at `member.base.version`, these roles and no others, and raises the version by one.
    ///
    /// # Errors
    /// `Precondition` when the membership is at another version or over; `Conflict` when one of the roles is gone, or none
    /// of the tenant's.
    async fn set_roles(
        &self,
        scope: TenantScope,
        member: &Member,
        roles: &[i64],
        now: Timestamp,
    ) -> Result<()>;
    /// Ends a membership that was read at `member.base.version`.
    ///
    /// # Errors
    /// `Precondition` when it is at another version or over.
    async fn remove(&self, scope: TenantScope, member: &Member, now: Timestamp) -> Result<()>;
    /// The users who own a tenant: its members with the role `owner`. They stay members until the unit of work ends, as
    /// with [`AccessRepo::lock_holders_of_platform_role`](crate::AccessRepo::lock_holders_of_platform_role).
    ///
    /// # Errors
    /// `Unavailable`.
    async fn lock_owners(&self, scope: TenantScope) -> Result<Vec<i64>>;
}

/// Reading who is asked to belong to a tenant.
///
/// # Errors
/// As [`TenantQueries`].
#[async_trait]
pub trait InvitationQueries: Send + Sync {
    /// An invitation that has been neither accepted nor withdrawn, of whatever tenant; else `NotFound`. Expired ones
    /// too. For its mail.
    async fn by_uuid(&self, uuid: Uuid) -> Result<Invitation>;
    /// The same by the hash of the token in its link.
    async fn by_hash(&self, hash: &[u8]) -> Result<Invitation>;
    /// One page of a tenant's.
    async fn list(&self, scope: TenantScope, page: &Page) -> Result<PageOf<Invitation>>;
    /// How many a tenant has.
    async fn count(&self, scope: TenantScope) -> Result<u64>;
}

/// Writing who is asked to belong to a tenant.
#[async_trait]
pub trait InvitationRepo: InvitationQueries {
    /// Writes an invitation in the place of an earlier one to the same address.
    ///
    /// # Errors
    /// `Conflict` when its tenant or one of its roles is gone, or a role none of the tenant's.
    async fn insert(&self, invitation: &Invitation, hash: &[u8]) -> Result<()>;
    /// Takes the invitation with this hash out and returns it: of two concurrent calls one gets it.
    ///
    /// # Errors
    /// `NotFound`.
    async fn take(&self, hash: &[u8]) -> Result<Invitation>;
    /// Withdraws one. True when this call did it.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn withdraw(&self, scope: TenantScope, uuid: Uuid) -> Result<bool>;
    /// Removes those that expired before `before`; at most `limit`. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64>;
}
