//! What the heartbeat tells the rest of the process. Read on every request, so without a lock where it counts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ports::{Error, Kind, Result};
use uuid::Uuid;

/// How long a process trusts its row, on its own monotonic clock. Five seconds less than the row is good for.
pub(super) const TRUST: Duration = Duration::from_secs(25);
/// How long a process believes to be alone. Half a second less than a newcomer waits.
const ALONE: Duration = Duration::from_millis(1500);

/// The lease of this process on its node id.
pub(crate) struct Lease {
    began: Instant,
    /// Milliseconds after `began`; 0 stands for "not alone".
    sole_until: AtomicU64,
    held: Mutex<Held>,
}

struct Held {
    holder: Uuid,
    node: u16,
    until: Option<Instant>,
}

impl Lease {
    /// Not held yet.
    pub(crate) fn new(holder: Uuid) -> Self {
        let held = Held { holder, node: 0, until: None };
        Self { began: Instant::now(), sole_until: AtomicU64::new(0), held: Mutex::new(held) }
    }

    pub(crate) fn holder(&self) -> Uuid {
        self.held().holder
    }

    pub(crate) fn node(&self) -> Result<u16> {
        let held = self.held();
        held.check("cluster.node")?;
        Ok(held.node)
    }

    /// Refuses once the lease is over: others may then believe to be alone, and remember what this commit changes.
    pub(crate) fn permits_commit(&self) -> Result<()> {
        self.held().check("tx.commit")
    }

    pub(crate) fn is_sole(&self) -> bool {
        let until = Duration::from_millis(self.sole_until.load(Ordering::Acquire));
        self.began.elapsed() < until
    }

    /// A heartbeat that was sent at `sent` has succeeded.
    pub(super) fn renew(&self, node: u16, sent: Instant, alone: bool) {
        let mut held = self.held();
        held.node = node;
        held.until = Some(sent + TRUST);
        let until = if alone { (sent + ALONE).duration_since(self.began).as_millis() } else { 0 };
        self.sole_until.store(u64::try_from(until).unwrap_or(0), Ordering::Release);
    }

    /// Others are there, or nobody knows.
    pub(super) fn doubt(&self) {
        self.sole_until.store(0, Ordering::Release);
    }

    /// The row is gone: nothing is committed until there is a new one.
    pub(super) fn lose(&self) {
        self.doubt();
        self.held().until = None;
    }

    /// A new name, from before its row is written.
    pub(super) fn rename(&self, holder: Uuid) {
        self.held().holder = holder;
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn check(&self, operation: &'static str) -> Result<()> {
        match self.until {
            Some(until) if Instant::now() < until => Ok(()),
            Some(_) => Err(Error::with(Kind::Unavailable, operation, "the lease on the node id has run out")),
            None => Err(Error::with(Kind::Unavailable, operation, "this process holds no node id")),
        }
    }
}
