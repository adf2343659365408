//! The audit trail.

use async_trait::async_trait;
use domain::{AuditEntry, Timestamp};
use uuid::Uuid;

use crate::{Order, Page, PageOf, Result, SortKey};

/// Writing the trail.
#[async_trait]
pub trait AuditTrail: Send + Sync {
    /// Adds an entry. There is no way to change or remove one. What it says of a person's address and program is
    /// encrypted under that person's key: it is gone when the user is purged, and the entry stays as it was written.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn append(&self, entry: &AuditEntry) -> Result<()>;
}

/// Which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Public id of a user, or name of a part of the system.
    pub actor: Option<String>,
    /// What this user did, and what others did about them whom nobody knew.
    pub person: Option<Uuid>,
    /// Exact action.
    pub action: Option<String>,
    /// Exact kind of resource.
    pub resource: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// What the trail can be sorted by. `createdAt` is the order of the ids, which grow with time.
pub const AUDIT_ORDERS: &[Order] = &[&[SortKey::asc("createdAt")]];

/// Reading the trail.
#[async_trait]
pub trait AuditQueries: Send + Sync {
    /// Entries, in one of [`AUDIT_ORDERS`] or its reverse.
    ///
    /// # Errors
    /// `Unsupported` for another order, or a position with more or fewer keys; `Unavailable`.
    async fn list(&self, filter: &AuditFilter, page: &Page) -> Result<PageOf<AuditEntry>>;
    /// How many entries the filter lets through. Costs as much as reading them.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn count(&self, filter: &AuditFilter) -> Result<u64>;
}
