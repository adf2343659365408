//! Writing many rows at once, for sets of data that are loaded and not entered.

use async_trait::async_trait;
use domain::{AuditEntry, Base, Credential, Job, Session, SystemRole, Tenant, User};

use crate::Result;

/// Where to look for what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkTable {
    /// Tenants.
    Tenants,
    /// Users, deleted ones too.
    Users,
    /// The audit trail.
    AuditEntries,
}

/// A tenant with the roles that every tenant has.
#[derive(Debug, Clone)]
pub struct TenantRows {
    /// The tenant.
    pub tenant: Tenant,
    /// Its system roles.
    pub roles: Vec<(Base, SystemRole)>,
}

/// An active membership with one role.
#[derive(Debug, Clone)]
pub struct MembershipRow {
    /// Id, times, version.
    pub base: Base,
    /// Of which tenant.
    pub tenant_id: i64,
    /// Who.
    pub user_id: i64,
    /// As what.
    pub role_id: i64,
}

/// Looking at what was loaded before.
#[async_trait]
pub trait BulkQueries: Send + Sync {
    /// The ids of a table from `first` to `last`, both included, in order.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn present(&self, table: BulkTable, first: i64, last: i64) -> Result<Vec<i64>>;
}

/// Writing rows, a statement for thousands of them. None at all is fine. All of it is part of the unit of work.
///
/// # Errors
/// All methods: `Conflict` when a row is there already or what it refers to is not.
#[async_trait]
pub trait BulkRepo: BulkQueries {
    /// Writes tenants and their roles with what those grant.
    async fn insert_tenants(&self, tenants: &[TenantRows]) -> Result<()>;
    /// Writes users.
    async fn insert_users(&self, users: &[User]) -> Result<()>;
    /// Writes credentials.
    async fn insert_credentials(&self, credentials: &[Credential]) -> Result<()>;
    /// Writes memberships.
    async fn insert_memberships(&self, memberships: &[MembershipRow]) -> Result<()>;
    /// Writes sessions.
    async fn insert_sessions(&self, sessions: &[Session]) -> Result<()>;
    /// Writes entries of the audit trail.
    async fn insert_audit_entries(&self, entries: &[AuditEntry]) -> Result<()>;
    /// Writes jobs in whatever state they are, and wakes nobody for them.
    async fn insert_jobs(&self, jobs: &[Job]) -> Result<()>;
}
