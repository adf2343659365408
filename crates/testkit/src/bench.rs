//! What the suites over a database get to work with.

use std::any::Any;
use std::sync::Arc;

use ports::{ColumnCipher, JobLeases, Locks, OutboxRelay, Store, Tx, Wakeups};

use crate::fakes::MemoryMirror;

/// A fresh, migrated, empty database of one process that may commit.
pub struct Bench {
    /// Reads, and units of work.
    pub store: Arc<dyn Store>,
    /// What encrypts columns, with the keys that [`columns::keys(1, 1)`](crate::columns::keys) gives.
    pub cipher: Arc<dyn ColumnCipher>,
    /// What the store tells of raised revisions.
    pub mirror: Arc<MemoryMirror>,
    /// The workers' side of jobs.
    pub leases: Arc<dyn JobLeases>,
    /// The database's locks.
    pub locks: Arc<dyn Locks>,
    /// The relay's side of the outbox.
    pub relay: Arc<dyn OutboxRelay>,
    /// A handle to wait with; each call gives a new one.
    pub wakeups: Box<dyn Fn() -> Arc<dyn Wakeups> + Send + Sync>,
    /// Whatever has to live as long.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl Bench {
    /// A unit of work.
    pub(crate) async fn begin(&self) -> Box<dyn Tx> {
        self.store.begin().await.unwrap()
    }

    /// A unit of work of one step that commits.
    pub(crate) async fn commit<T>(&self, work: impl AsyncFnOnce(&dyn Tx) -> ports::Result<T>) -> T {
        let tx = self.begin().await;
        let done = work(tx.as_ref()).await.unwrap();
        tx.commit().await.unwrap();
        done
    }

    /// The error of a unit of work of one step.
    pub(crate) async fn refused<T>(
        &self,
        work: impl AsyncFnOnce(&dyn Tx) -> ports::Result<T>,
    ) -> ports::Kind {
        let tx = self.begin().await;
        match work(tx.as_ref()).await {
            Ok(_) => panic!("it was not refused"),
            Err(error) => error.kind(),
        }
    }
}

/// Turns cases into tests. `[root]` is the module that holds the areas.
#[macro_export]
#[doc(hidden)]
macro_rules! bench_cases {
    ($bench:expr; $root:tt; $($area:ident { $($case:ident),+ $(,)? })+) => {
        $(
            mod $area {
                use super::*;

                $crate::bench_cases!(@area $bench; $root; $area; $($case)+);
            }
        )+
    };
    (@area $bench:expr; $root:tt; $area:ident; $($case:ident)+) => {
        $($crate::bench_cases!(@case $bench; $root; $area; $case);)+
    };
    (@case $bench:expr; [$($root:tt)+]; $area:ident; $case:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            if let Some(bench) = $bench.await {
                $($root)+::$area::$case(&bench).await;
            }
        }
    };
}
