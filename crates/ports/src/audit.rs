//! The audit trail.

use async_trait::async_trait;
use domain::{AuditEntry, Timestamp};

use crate::{Page, PageOf, Result};

/// Writing the trail.
#[async_trait]
pub trait AuditTrail: Send + Sync {
    /// Adds an entry. There is no way to change or remove one.
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
    /// Exact action.
    pub action: Option<String>,
    /// Exact kind of resource.
    pub resource: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// Reading the trail.
#[async_trait]
pub trait AuditQueries: Send + Sync {
    /// Entries from new to old.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn list(&self, filter: &AuditFilter, page: Page) -> Result<PageOf<AuditEntry>>;
}
