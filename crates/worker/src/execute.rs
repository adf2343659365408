//! Runs one claimed job and writes down how it ended.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use application::Application;
use domain::{Backoff, Failure, Job};
use ports::{Chain, Clock, Cluster, Errand, JobLeases, Kind, Random};
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::registry::{JobError, Registry, Running};

/// For so long the end of a job is written again while the database is away. Longer than any restart; after
/// that the job is rescued and runs again.
const KEEP_TRYING: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(500);

/// What running jobs needs.
pub(crate) struct Executor {
    pub(crate) registry: Registry,
    pub(crate) leases: Arc<dyn JobLeases>,
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    /// Internal ids of the jobs that this process knows it has.
    pub(crate) in_hand: Mutex<HashSet<i64>>,
    /// Set when the time to drain is over: what still runs is given up.
    pub(crate) give_up: CancellationToken,
}

enum Ended {
    With(Result<Value, JobError>),
    GivenUp,
}

/// Starts a job in the background. The permit is its slot.
pub(crate) fn spawn(
    executor: &Arc<Executor>,
    running: &TaskTracker,
    job: Job,
    slot: Option<OwnedSemaphorePermit>,
) {
    let span = tracing::info_span!(
        "job", action = job.kind, jobId = %job.uuid, attempt = job.attempt, traceId = job.traceparent.as_deref().and_then(|t| t.split('-').nth(1))
    );
    let executor = Arc::clone(executor);
    let id = job.id;
    executor.hands().insert(id);
    let work = async move {
        executor.run(job).await;
        executor.hands().remove(&id);
        drop(slot);
    };
    running.spawn(work.instrument(span));
}

impl Executor {
    pub(crate) fn in_hand(&self) -> Vec<i64> {
        self.hands().iter().copied().collect()
    }

    fn hands(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self, job: Job) {
        let begun = Instant::now();
        let job = Arc::new(job);
        fail::fail_point!("job.after-claim", |_| std::process::abort());
        let ended = self.call(&job).await;
        fail::fail_point!("job.after-run", |_| std::process::abort());
        let status = match &ended {
            Ended::With(Ok(_)) => "succeeded",
            Ended::With(Err(JobError::Retry(error) | JobError::Permanent(error))) => {
                tracing::warn!(error, "the try failed");
                "failed"
            }
            Ended::GivenUp => "released",
        };
        self.write_down(&job, &ended).await;
        fail::fail_point!("job.after-end", |_| std::process::abort());
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status, durationMs = millis, "job ended");
    }

    /// The handler runs in a task of its own, so that its panic is only its own.
    async fn call(&self, job: &Arc<Job>) -> Ended {
        let running = Running::new(Arc::clone(job), Arc::clone(&self.leases));
        let errand = Errand { route: None, use_case: job.kind.clone() };
        let run =
            Application::on_errand(errand, std::panic::AssertUnwindSafe(self.registry.run(running)).catch());
        tokio::select! {
            result = run => Ended::With(result),
            () = self.give_up.cancelled() => Ended::GivenUp,
        }
    }

    /// Writes the end down, again and again while the database is away. A lease that was lost meanwhile means
    /// that another worker has the job: this end does not count.
    async fn write_down(&self, job: &Job, ended: &Ended) {
        let begun = Instant::now();
        loop {
            let error = match self.finish(job, ended).await {
                Ok(()) => return,
                Err(error) => error,
            };
            if error.kind() == Kind::Precondition {
                tracing::warn!("the lease was lost, the end of this try does not count");
                return;
            }
            if begun.elapsed() > KEEP_TRYING {
                tracing::error!(error = %Chain(&error), "the end of the job could not be written");
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn finish(&self, job: &Job, ended: &Ended) -> ports::Result<()> {
        let now = self.clock.now();
        match ended {
            Ended::With(Ok(result)) => self.leases.succeed(job, result, now).await,
            Ended::With(Err(JobError::Permanent(error))) => {
                self.leases.fail(job, error, Failure::Dead, now).await
            }
            Ended::With(Err(JobError::Retry(error))) => {
                self.leases.fail(job, error, self.next(job)?, now).await
            }
            Ended::GivenUp => self.leases.release(job).await,
        }
    }

    fn next(&self, job: &Job) -> ports::Result<Failure> {
        if job.attempt >= job.max_attempts {
            return Ok(Failure::Dead);
        }
        let mut jitter = [0; 8];
        self.random.fill(&mut jitter)?;
        let pause = Backoff::default().pause(job.attempt, u64::from_le_bytes(jitter));
        Ok(Failure::Retry { at: self.clock.now() + pause })
    }
}

/// Turns a panic of a handler into a failed try.
trait Catch {
    async fn catch(self) -> Result<Value, JobError>;
}

impl<F> Catch for std::panic::AssertUnwindSafe<F>
where
    F: Future<Output = Result<Value, JobError>>,
{
    async fn catch(self) -> Result<Value, JobError> {
        use futures_util::FutureExt;
        self.catch_unwind().await.unwrap_or_else(|_| Err(JobError::Retry("the handler panicked".to_owned())))
    }
}
