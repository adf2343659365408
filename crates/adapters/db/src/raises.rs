//! What a unit of work raises, and how processes that mirror revisions hear of it.
//!
//! Every raise goes through here, because it is noted where its statement is and told where its unit of work commits.
//! **Invariant:** when a commit returns, no process is told an earlier revision by the mirror.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use domain::TenantScope;
use ports::{Chain, Raise, RevisionMirror, RevisionOf};

use crate::cluster::Lease;

/// Revisions that a unit of work has raised so far.
#[derive(Default)]
pub(crate) struct Raised(Mutex<BTreeSet<RevisionOf>>);

impl Raised {
    pub(crate) fn user(&self, id: i64) {
        self.note(RevisionOf::User(id));
    }

    pub(crate) fn policy(&self, scope: TenantScope) {
        self.note(scope.tenant_id().map_or(RevisionOf::Platform, RevisionOf::Tenant));
    }

    fn note(&self, of: RevisionOf) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(of);
    }

    fn all(&self) -> Vec<RevisionOf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

/// The way to the mirror, where there is one.
#[derive(Clone)]
pub(crate) struct Herald {
    pub(crate) mirror: Option<Arc<dyn RevisionMirror>>,
    pub(crate) lease: Arc<Lease>,
}

impl Herald {
    /// Before the commit. The rows that were raised are held by this unit of work, so that nobody else is at it.
    pub(crate) async fn raising(
        &self,
        raised: &Raised,
    ) -> ports::Result<Option<(&dyn RevisionMirror, Raise)>> {
        let (Some(mirror), of) = (self.mirror.as_deref(), raised.all()) else { return Ok(None) };
        if of.is_empty() {
            return Ok(None);
        }
        let raise = Raise { of, ticket: mirror.ticket()? };
        if let Err(error) = mirror.raising(&raise).await {
            tracing::debug!(error = %Chain(&error), "the mirror of revisions was not told of a raise");
        }
        Ok(Some((mirror, raise)))
    }

    /// After it. A process alone tells nobody: what it remembers it forgets itself, and a later one does not believe the
    /// mirror at once.
    pub(crate) async fn raised(&self, raise: Option<(&dyn RevisionMirror, Raise)>) {
        let Some((mirror, raise)) = raise else { return };
        let Err(error) = mirror.raised(&raise).await else { return };
        if self.lease.is_sole() {
            return;
        }
        tracing::info!(error = %Chain(&error), "waiting until no process can know the former revision");
        tokio::time::sleep(mirror.memory()).await;
    }
}
