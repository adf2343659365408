//! A tenant as a whole, in batches: what leaves one installation and comes into another.

use async_trait::async_trait;
use domain::{AuditEntry, Base, DisplayName, Email, Timestamp};
use uuid::Uuid;

use crate::Result;

/// A role of a tenant with what it grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRow {
    /// Id, times, version.
    pub base: Base,
    /// Unique within the tenant.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Whether it can't be deleted.
    pub system: bool,
    /// As stored, also those of a form that only a newer version knows. Sorted.
    pub permissions: Vec<String>,
    /// Internal ids of the roles it inherits from, sorted.
    pub parents: Vec<i64>,
}

/// A membership with the person it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Of the membership: id, times, version.
    pub base: Base,
    /// Of the membership, as stored.
    pub status: String,
    /// Public id of the person.
    pub user: Uuid,
    /// Address of the person.
    pub email: Email,
    /// What the person is called.
    pub display_name: Option<DisplayName>,
    /// Whether the person is kept out.
    pub locked: bool,
    /// Internal ids of the roles, sorted.
    pub roles: Vec<i64>,
}

/// A membership as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
    /// Id, times, version.
    pub base: Base,
    /// As stored.
    pub status: String,
    /// Who, internally.
    pub user_id: i64,
    /// Internal ids of the roles.
    pub roles: Vec<i64>,
}

/// Somebody who is asked to belong to a tenant. Nothing of the link that they were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationRow {
    /// Id, times, version.
    pub base: Base,
    /// Who is asked.
    pub email: Email,
    /// The address of who asks.
    pub invited_by: Email,
    /// Until when.
    pub expires_at: Timestamp,
    /// Internal ids of the roles, sorted.
    pub roles: Vec<i64>,
}

/// An invitation as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvitation {
    /// Id, times, version.
    pub base: Base,
    /// Who is asked.
    pub email: Email,
    /// Who asks, internally.
    pub invited_by: i64,
    /// Until when.
    pub expires_at: Timestamp,
    /// Of the token in its link.
    pub hash: Vec<u8>,
    /// Internal ids of the roles.
    pub roles: Vec<i64>,
}

/// One stretch of the audit trail, looked through.
#[derive(Debug, Clone, PartialEq)]
pub struct TrailStretch {
    /// The tenant's entries in it, in the order of their ids.
    pub entries: Vec<AuditEntry>,
    /// The id of its last row, where the next stretch begins; `None` behind the trail's end.
    pub next: Option<i64>,
}

/// Whose ids are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identified {
    /// Tenants.
    Tenants,
    /// Roles.
    Roles,
    /// Memberships.
    Memberships,
    /// Users.
    Users,
    /// Entries of the audit trail, by their internal ids alone.
    AuditEntries,
}

/// Reading what belongs to a tenant, a few statements per batch.
///
/// # Errors
/// All methods: `Unavailable`; `Internal` for a row that this version can't read.
#[async_trait]
pub trait TenantContentQueries: Send + Sync {
    /// Live roles behind the id `after`, in the order of their ids; at most `limit`. Of their parents those that are live
    /// and the tenant's own.
    async fn roles(&self, tenant_id: i64, after: i64, limit: u64) -> Result<Vec<RoleRow>>;
    /// Live memberships of live users behind the id `after`, in the order of their ids; at most `limit`. Of the roles
    /// those that are live and the tenant's own.
    async fn members(&self, tenant_id: i64, after: i64, limit: u64) -> Result<Vec<MemberRow>>;
    /// Invitations by live users behind the id `after`, in the order of their ids; at most `limit`. Expired ones too. Of the
    /// roles those that are live and the tenant's own.
    async fn invitations(&self, tenant_id: i64, after: i64, limit: u64) -> Result<Vec<InvitationRow>>;
    /// Looks through at most `limit` rows of the audit trail behind the id `after`, whoever's they are.
    async fn trail(&self, tenant_id: i64, after: i64, limit: u64) -> Result<TrailStretch>;
    /// The live users among those with these addresses, with their internal ids. In any order.
    async fn users_at(&self, addresses: &[Email]) -> Result<Vec<(Email, i64)>>;
    /// Those that can't be written because a row, deleted ones included, has their internal or their public id. Given
    /// back as internal ids, in any order.
    async fn taken(&self, of: Identified, ids: &[(i64, Uuid)]) -> Result<Vec<i64>>;
}

/// Writing it. None at all is fine. All of it is part of the unit of work.
///
/// # Errors
/// All methods: `Conflict` when a row is there already or what it refers to is not; `Unavailable`.
#[async_trait]
pub trait TenantContentRepo: TenantContentQueries {
    /// Writes roles with what they grant, without their parents: these may come later.
    async fn insert_roles(&self, tenant_id: i64, roles: &[RoleRow]) -> Result<()>;
    /// Writes that roles inherit: who, from whom. All of them are the tenant's own.
    async fn insert_parents(&self, tenant_id: i64, links: &[(i64, i64)]) -> Result<()>;
    /// Writes memberships with their roles, which are the tenant's own.
    async fn insert_members(&self, tenant_id: i64, members: &[NewMember]) -> Result<()>;
    /// Writes invitations with their roles, which are the tenant's own.
    async fn insert_invitations(&self, tenant_id: i64, invitations: &[NewInvitation]) -> Result<()>;
}
