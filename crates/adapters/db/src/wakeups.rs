//! Waking loops that wait for jobs or events: within the process by a counter, across processes by PostgreSQL's
//! `NOTIFY`. SQLite and MySQL tell other processes nothing; for them the time a waiter gives is the poll.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use ports::Wakeups;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio::sync::watch;

use crate::dialect::Dialect;

/// Counts wake-ups. A counter, not a bell: who is busy while it grows sees it afterwards.
#[derive(Clone)]
pub(crate) struct Wake(watch::Sender<u64>);

impl Wake {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// Wakes the waiters of this process.
    pub(crate) fn this_process(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    /// Wakes the waiters of all processes, as far as the engine can. Should telling the others fail, they find
    /// out when their time is over.
    pub(crate) async fn everybody(&self, connection: &DatabaseConnection) {
        self.this_process();
        if let Some(sql) = Dialect::of(connection).notify()
            && let Err(error) = connection.execute_unprepared(sql).await
        {
            tracing::debug!(%error, "other processes could not be woken");
        }
    }

    /// A handle to wait with.
    pub(crate) fn waiter(&self) -> Waiter {
        Waiter { wake: self.clone(), seen: AtomicU64::new(*self.0.borrow()) }
    }
}

/// [`Wakeups`] for one loop: "since the last call" is counted per handle.
pub(crate) struct Waiter {
    wake: Wake,
    seen: AtomicU64,
}

#[async_trait]
impl Wakeups for Waiter {
    async fn wait(&self, at_most: Duration) {
        let seen = self.seen.load(Ordering::Acquire);
        let mut counter = self.wake.0.subscribe();
        // An error means that the sender is gone, which it is not: this handle holds one.
        let _ = tokio::time::timeout(at_most, counter.wait_for(|count| *count != seen)).await;
        self.seen.store(*counter.borrow(), Ordering::Release);
    }
}
