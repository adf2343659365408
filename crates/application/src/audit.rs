//! Looking at the audit trail.

use domain::AuditEntry;
use ports::{AUDIT_ORDERS, AuditFilter, SortKey};

use crate::lists::{List, Lists};
use crate::{Ask, Core, Listed, Result};

const LIST: List = List { name: "audit", orders: AUDIT_ORDERS, default: &[SortKey::desc("createdAt")] };

/// Use cases on the trail.
#[derive(Clone)]
pub struct Audit {
    core: Core,
    lists: Lists,
}

impl Audit {
    pub(crate) fn new(core: Core, lists: Lists) -> Self {
        Self { core, lists }
    }

    /// Entries, from new to old unless asked otherwise.
    pub async fn list(&self, filter: &AuditFilter, ask: &Ask) -> Result<Listed<AuditEntry>> {
        let reading = self.lists.begin(&LIST, ask)?;
        let trail = self.core.store.relaxed().audit();
        let found = trail.list(filter, reading.page()).await?;
        let total = reading.total(async || trail.count(filter).await).await?;
        reading.finish(found, total)
    }
}
