//! What a caller's rights depend on, as it is now: from the mirror that processes share, else from the database.

use domain::TenantScope;
use ports::{Chain, ResultExt, RevisionMirror, RevisionOf, Revisions, Seen};

use super::{Auth, Principal};
use crate::Result;

impl Auth {
    /// `None` when the account is gone.
    pub(super) async fn revisions_of(&self, principal: &Principal) -> Result<Option<Revisions>> {
        let Some(mirror) = self.core.mirror.as_deref() else { return self.read_revisions(principal).await };
        let mut of = vec![RevisionOf::User(principal.user_id), RevisionOf::Platform];
        if let TenantScope::Tenant { id, .. } = principal.scope {
            of.push(RevisionOf::Tenant(id));
        }
        let seen = match mirror.look(&of).await {
            Ok(seen) => seen,
            Err(error) => {
                tracing::debug!(error = %Chain(&error), "revisions are read from the database: the mirror is away");
                return self.read_revisions(principal).await;
            }
        };
        if let Some(known) = known(&seen) {
            return Ok(Some(known));
        }
        let read = self.read_revisions(principal).await?;
        if let Some(revisions) = read {
            keep(mirror, seen, revisions).await;
        }
        Ok(read)
    }

    async fn read_revisions(&self, principal: &Principal) -> Result<Option<Revisions>> {
        let revisions = self.core.store.access().revisions(principal.user, principal.scope.tenant_uuid());
        Ok(revisions.await.optional()?)
    }
}

/// All of them, in the order they were asked for, or none.
fn known(seen: &[Seen]) -> Option<Revisions> {
    match *seen {
        [Seen::At(user), Seen::At(platform)] => Some(Revisions { user, platform, tenant: 0 }),
        [Seen::At(user), Seen::At(platform), Seen::At(tenant)] => Some(Revisions { user, platform, tenant }),
        _ => None,
    }
}

/// Writes what was read into the places that were given before.
async fn keep(mirror: &dyn RevisionMirror, seen: Vec<Seen>, revisions: Revisions) {
    let places = seen.into_iter().filter_map(|seen| match seen {
        Seen::Open(place) => Some(place),
        Seen::At(_) | Seen::Busy => None,
    });
    let filled: Vec<_> = places
        .map(|place| match place.of {
            RevisionOf::User(_) => (place, revisions.user),
            RevisionOf::Platform => (place, revisions.platform),
            RevisionOf::Tenant(_) => (place, revisions.tenant),
        })
        .collect();
    if !filled.is_empty()
        && let Err(error) = mirror.fill(&filled).await
    {
        tracing::debug!(error = %Chain(&error), "revisions could not be mirrored");
    }
}
