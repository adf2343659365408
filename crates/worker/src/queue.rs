//! Takes jobs from one queue and runs them, as many at a time as allowed.

use std::sync::Arc;
use std::time::Duration;

use domain::Job;
use ports::{Chain, Claim, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::execute::{Executor, spawn};
use crate::pulse::Pulse;

/// Between two looks at a limited kind that nothing was to be had of: under load there is a beat for each job written.
const REST: Duration = Duration::from_millis(100);

/// The loop of one queue, or of one limited kind in it.
pub(crate) struct QueueLoop {
    pub(crate) queue: String,
    pub(crate) limited: Option<Limited>,
    pub(crate) concurrency: usize,
    pub(crate) executor: Arc<Executor>,
    pub(crate) running: TaskTracker,
}

impl QueueLoop {
    /// Runs until `stop`. What has been claimed by then goes on in the tracker.
    pub(crate) async fn run(self, mut pulse: Pulse, stop: CancellationToken) {
        let slots = Arc::new(Semaphore::new(self.concurrency));
        let mut in_doubt = false;
        while !stop.is_cancelled() {
            // A free slot first: a job is never claimed to wait in memory.
            let permit = tokio::select! {
                permit = Arc::clone(&slots).acquire_owned() => permit,
                () = stop.cancelled() => return,
            };
            let Ok(permit) = permit else { return };
            let claimed = self.claim(1 + slots.available_permits(), in_doubt).await;
            in_doubt = claimed.is_err();
            let claimed = claimed.unwrap_or_else(|error| {
                tracing::warn!(queue = self.queue, error = %Chain(&error), "no jobs could be claimed");
                Vec::new()
            });
            if claimed.is_empty() {
                drop(permit);
                let beat = async {
                    if self.limited.is_some() {
                        tokio::time::sleep(REST).await;
                    }
                    pulse.beat().await;
                };
                tokio::select! {
                    () = beat => {}
                    () = stop.cancelled() => {}
                }
                continue;
            }
            self.start(claimed, permit, &slots);
        }
    }

    fn start(&self, claimed: Vec<Job>, first: OwnedSemaphorePermit, slots: &Arc<Semaphore>) {
        let mut first = Some(first);
        for job in claimed {
            // Only this loop takes permits, so those it counted are still there.
            let permit = first.take().or_else(|| Arc::clone(slots).try_acquire_owned().ok());
            spawn(&self.executor, &self.running, job, permit);
        }
    }

    /// After a claim whose answer was lost, jobs may be leased to us that we know nothing of: they go back first.
    async fn claim(&self, limit: usize, in_doubt: bool) -> ports::Result<Vec<Job>> {
        let executor = &self.executor;
        let (holder, now) = (executor.cluster.holder(), executor.clock.now());
        if in_doubt {
            executor.leases.rescue(holder, &executor.in_hand(), now).await?;
        }
        let limit = u64::try_from(limit).unwrap_or(1);
        let (queue, limited) = (self.queue.clone(), self.limited.clone());
        executor.leases.claim(&Claim { holder, queue, limit, now, limited }).await
    }
}
