//! Who a caller is, and the memory of it that makes a warm request need no query.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::{Actor, Permissions, TenantScope, Timestamp};
use moka::sync::Cache;
use uuid::Uuid;

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
    /// The session.
    pub session: Uuid,
    /// Which tenant's rows the token speaks for.
    pub scope: TenantScope,
    /// Everything the caller may do.
    pub permissions: Permissions,
    /// What the caller may do on the platform itself, whatever tenant the token speaks for.
    pub platform: Permissions,
    /// When the caller last proved who they are.
    pub authenticated_at: Timestamp,
    /// The user's revision all this was read at.
    pub(crate) revision: i64,
    /// When the session ends at the latest.
    pub(crate) session_expires_at: Timestamp,
}

impl Principal {
    /// The caller as the audit trail names it.
    pub fn actor(&self) -> Actor {
        Actor::User { id: self.user_id, uuid: self.user }
    }

    /// Checks a permission on what belongs to no tenant: accounts, jobs, the audit trail. Roles in a tenant, its
    /// owner's too, count for nothing here.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when no grant of a platform role covers it.
    pub fn require_platform(&self, permission: &str) -> Result<()> {
        if self.platform.allow(permission) { Ok(()) } else { Err(Error::Forbidden) }
    }

    /// Checks a permission.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when no grant covers it.
    pub fn require(&self, permission: &str) -> Result<()> {
        if self.permissions.allow(permission) { Ok(()) } else { Err(Error::Forbidden) }
    }
}

/// Principals by session. An entry is dropped before the answer to whatever ended it; a load that ran
/// meanwhile is not remembered.
pub(crate) struct Principals {
    by_session: Cache<Uuid, Arc<Principal>>,
    forgotten: AtomicU64,
}

impl Default for Principals {
    fn default() -> Self {
        let by_session =
            Cache::builder().max_capacity(100_000).time_to_idle(Duration::from_secs(15 * 60)).build();
        Self { by_session, forgotten: AtomicU64::new(0) }
    }
}

impl Principals {
    pub(crate) fn get(&self, session: Uuid) -> Option<Arc<Principal>> {
        self.by_session.get(&session)
    }

    /// Taken before a load and handed back with its result.
    pub(crate) fn ticket(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    /// Remembers a load, unless something was forgotten since its ticket: it may have read what has ended.
    pub(crate) fn remember(&self, principal: &Arc<Principal>, ticket: u64) {
        self.by_session.insert(principal.session, Arc::clone(principal));
        if self.ticket() != ticket {
            self.by_session.invalidate(&principal.session);
        }
    }

    /// Forgets every session of a user.
    pub(crate) fn forget_user(&self, user_id: i64) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        let of_user = self.by_session.iter().filter(|(_, principal)| principal.user_id == user_id);
        let sessions: Vec<Uuid> = of_user.map(|(session, _)| *session).collect();
        for session in sessions {
            self.by_session.invalidate(&session);
        }
    }

    pub(crate) fn forget(&self, session: Uuid) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.by_session.invalidate(&session);
    }
}
