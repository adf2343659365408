//! Who a caller is, and the memory of it that makes a warm request need no query.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use domain::{Actor, KnownPermission, Permissions, Realm, TenantScope, Timestamp};
use moka::sync::Cache;
use ports::Revisions;
use uuid::Uuid;

use super::ground::By;
use crate::{Error, Result};

/// A caller whose token, session and account have been checked.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Internal id of the user.
    pub user_id: i64,
    /// The user.
    pub user: Uuid,
    /// Internal id of the session.
    pub session_id: i64,
    /// The session; a key's own id, where there is one.
    pub session: Uuid,
    /// The key that a program has presented in the user's place.
    pub key: Option<Uuid>,
    /// Which tenant's rows the token speaks for.
    pub scope: TenantScope,
    /// Everything the caller may do.
    pub permissions: Permissions,
    /// What the caller may do on the platform itself, whatever tenant the token speaks for.
    pub platform: Permissions,
    /// When the caller last proved who they are.
    pub authenticated_at: Timestamp,
    /// Whether more than one factor was proven; for a key, when it was made.
    pub(crate) multi_factor: bool,
    /// Whether the tenant asks for more factors than the session was opened with: then it is nobody's.
    pub(crate) lacks_factor: bool,
    /// What all this was read at.
    pub(crate) revisions: Revisions,
    /// When the session ends at the latest.
    pub(crate) session_expires_at: Timestamp,
    /// When a use of the session was last noted, in seconds; not by this process yet: 0.
    pub(crate) noted_at: Arc<AtomicI64>,
}

impl Principal {
    /// The caller as the audit trail names it.
    pub fn actor(&self) -> Actor {
        let (id, uuid) = (self.user_id, self.user);
        match self.key {
            Some(key) => Actor::ApiKey { id, uuid, key },
            None => Actor::User { id, uuid },
        }
    }

    /// What the caller has presented.
    pub(super) fn by(&self) -> By {
        self.key.map_or(By::Session(self.session), By::Key)
    }

    /// Whether `every` has passed since it was last due. Of several callers at that moment one is told so.
    pub(crate) fn is_due(&self, now: i64, every: Duration) -> bool {
        let last = self.noted_at.load(Ordering::Relaxed);
        let due = now.saturating_sub(last).unsigned_abs() >= every.as_secs();
        due && self.noted_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Whether the caller may do what an operation asks for, by the grants that count for it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when no grant covers it, or there is no such permission.
    pub fn require(&self, needed: &str) -> Result<()> {
        let allowed = match KnownPermission::of(needed).map(|known| known.realm) {
            Some(Realm::Everybody | Realm::Tenant) => self.permissions.allow(needed),
            Some(Realm::Platform) => self.platform.allow(needed),
            Some(Realm::Session) => self.key.is_none() && self.permissions.allow(needed),
            None => false,
        };
        if allowed { Ok(()) } else { Err(Error::Forbidden) }
    }

    /// The same for something that belongs to `owner`: a grant on what belongs to the caller is enough for their own.
    ///
    /// # Errors
    /// As [`Principal::require`].
    pub fn require_on(&self, needed: &str, owner: Uuid) -> Result<()> {
        if owner == self.user { self.require(&format!("{needed}:own")) } else { self.require(needed) }
    }
}

/// Whose rights, for which tenant.
pub(crate) type Bearing = (Uuid, Option<Uuid>);

/// Principals by session and tenant. An entry is dropped before the answer to whatever ended it; a load that ran
/// meanwhile is not remembered.
pub(crate) struct Principals {
    by_bearing: Cache<Bearing, Arc<Principal>>,
    forgotten: AtomicU64,
}

impl Default for Principals {
    fn default() -> Self {
        let by_bearing =
            Cache::builder().max_capacity(100_000).time_to_idle(Duration::from_secs(15 * 60)).build();
        Self { by_bearing, forgotten: AtomicU64::new(0) }
    }
}

impl Principals {
    /// The session's principal in a tenant, or in none.
    pub(crate) fn get(&self, session: Uuid, tenant: Option<Uuid>) -> Option<Arc<Principal>> {
        self.by_bearing.get(&(session, tenant))
    }

    /// Taken before a load and handed back with its result.
    pub(crate) fn ticket(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    /// Remembers a load, unless something was forgotten since its ticket: it may have read what has ended.
    pub(crate) fn remember(&self, principal: &Arc<Principal>, ticket: u64) {
        let bearing = (principal.session, principal.scope.tenant_uuid());
        self.by_bearing.insert(bearing, Arc::clone(principal));
        if self.ticket() != ticket {
            self.by_bearing.invalidate(&bearing);
        }
    }

    /// Forgets every session of a user.
    pub(crate) fn forget_user(&self, user_id: i64) {
        self.forget_those(|principal| principal.user_id == user_id);
    }

    /// Forgets whoever has rights in a scope. Rights on the platform count everywhere.
    pub(crate) fn forget_scope(&self, scope: TenantScope) {
        self.forget_those(|principal| scope == TenantScope::Platform || principal.scope == scope);
    }

    pub(crate) fn forget(&self, session: Uuid) {
        self.forget_those(|principal| principal.session == session);
    }

    fn forget_those(&self, which: impl Fn(&Principal) -> bool) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        let those = self.by_bearing.iter().filter(|(_, principal)| which(principal));
        let those: Vec<Bearing> = those.map(|(bearing, _)| *bearing).collect();
        for bearing in those {
            self.by_bearing.invalidate(&bearing);
        }
    }
}
