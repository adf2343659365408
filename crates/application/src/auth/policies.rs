//! What roles grant, computed once per scope and change.
//!
//! A policy is kept with the revision of its scope at which it was read. Whoever asks names the revision that they have
//! read themselves, before; so one tenant's change makes nobody else's policy be computed anew.

use std::sync::Arc;
use std::time::Duration;

use domain::{Permission, TenantScope};
use moka::sync::Cache;
use ports::CompiledPolicy;

use crate::Core;

/// Scopes whose policies are kept.
const SCOPES: u64 = 1000;
/// A policy that nobody has asked for so long is let go.
const IDLE: Duration = Duration::from_secs(15 * 60);

/// A policy and the revision it was read at.
#[derive(Clone)]
struct Kept {
    revision: i64,
    policy: Arc<dyn CompiledPolicy>,
}

pub(super) struct Policies(Cache<TenantScope, Kept>);

impl Default for Policies {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(SCOPES).time_to_idle(IDLE).build())
    }
}

impl Policies {
    /// Everything that these roles of a scope grant, `revision` having been read before.
    pub(super) async fn granted(
        &self,
        core: &Core,
        scope: TenantScope,
        revision: i64,
        roles: &[i64],
    ) -> ports::Result<Vec<Permission>> {
        if roles.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(kept) = self.0.get(&scope).filter(|kept| kept.revision == revision) {
            return kept.policy.granted(roles);
        }
        let policy = core.policy.compile(&core.store.access().policy(scope).await?).await?;
        self.0.insert(scope, Kept { revision, policy: Arc::clone(&policy) });
        policy.granted(roles)
    }
}
