//! Looking at the audit trail.

use domain::AuditEntry;
use ports::{AuditFilter, Page, PageOf};

use crate::{Core, Result};

/// Use cases on the trail.
#[derive(Clone)]
pub struct Audit {
    core: Core,
}

impl Audit {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// Entries from new to old.
    pub async fn list(&self, filter: &AuditFilter, page: Page) -> Result<PageOf<AuditEntry>> {
        Ok(self.core.store.audit().list(filter, page).await?)
    }
}
