//! Runs one claimed job and writes down how it ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use application::Application;
use application::jobs::kind;
use domain::{Backoff, Failure, Job, Reason, Trouble};
use ports::{Chain, Clock, Cluster, Errand, JobLeases, Kind, Random};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::registry::{Outcome, Registry, Running};

/// For so long the end of a job is written again while the database is away. Longer than any restart; after
/// that the job is rescued and runs again.
const KEEP_TRYING: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(500);
/// How long a handler may take to stop by itself.
const GRACE: Duration = Duration::from_secs(5);
/// Longest result that is kept, in bytes of JSON.
const RESULT: usize = 64 * 1024;

/// What running jobs needs.
pub(crate) struct Executor {
    pub(crate) registry: Registry,
    pub(crate) leases: Arc<dyn JobLeases>,
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    /// The leases that this process knows it has (a job's internal id and its token), and what stops the job.
    pub(crate) in_hand: Mutex<HashMap<(i64, i64), CancellationToken>>,
    /// Set when the time to drain is over: what still runs is given up.
    pub(crate) give_up: CancellationToken,
}

enum Ended {
    With(Outcome),
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
    let (lease, stop) = ((job.id, job.lease_token), CancellationToken::new());
    executor.hands().insert(lease, stop.clone());
    let work = async move {
        executor.run(job, stop).await;
        executor.hands().remove(&lease);
        drop(slot);
    };
    running.spawn(work.instrument(span));
}

impl Executor {
    pub(crate) fn in_hand(&self) -> Vec<i64> {
        self.hands().keys().map(|(id, _)| *id).collect()
    }

    /// Tells jobs to stop.
    pub(crate) fn stop(&self, ids: &[i64]) {
        for ((id, _), stop) in self.hands().iter() {
            if ids.contains(id) {
                stop.cancel();
            }
        }
    }

    fn hands(&self) -> MutexGuard<'_, HashMap<(i64, i64), CancellationToken>> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self, job: Job, stop: CancellationToken) {
        let begun = Instant::now();
        let job = Arc::new(job);
        fail::fail_point!("job.after-claim", |_| std::process::abort());
        let ended = self.call(&job, stop).await;
        fail::fail_point!("job.after-run", |_| std::process::abort());
        let status = match &ended {
            Ended::With(Ok(_)) => "succeeded",
            Ended::With(Err(Trouble { reason, error })) => {
                tracing::warn!(reason = reason.as_str(), error, "the try failed");
                "failed"
            }
            Ended::GivenUp => "released",
        };
        self.write_down(&job, &ended).await;
        fail::fail_point!("job.after-end", |_| std::process::abort());
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status, durationMs = millis, "job ended");
    }

    /// The handler's panic is only its own. Too long a try, and one that does not stop when it is told to, is dropped at
    /// its next `.await`.
    async fn call(&self, job: &Arc<Job>, stop: CancellationToken) -> Ended {
        let running = Running::new(Arc::clone(job), Arc::clone(&self.leases), stop.clone());
        let errand = Errand { route: None, use_case: job.kind.clone() };
        let run =
            Application::on_errand(errand, std::panic::AssertUnwindSafe(self.registry.run(running)).catch());
        let longest = kind(&job.kind).map_or(GRACE, |kind| kind.timeout);
        tokio::select! {
            outcome = run => Ended::With(outcome.map(kept)),
            () = tokio::time::sleep(longest) => {
                let error = format!("it took longer than {} s", longest.as_secs());
                Ended::With(Err(Trouble::new(Reason::TimedOut, &error)))
            }
            () = unheard(&stop) => {
                Ended::With(Err(Trouble::new(Reason::Cancelled, "dropped, as it did not stop by itself")))
            }
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
            Ended::With(Err(trouble)) => {
                let then = match trouble.reason {
                    Reason::Cancelled => Failure::Cancelled,
                    reason if reason.is_final() => Failure::Dead,
                    _ => self.next(job)?,
                };
                self.leases.fail(job, trouble, then, now).await
            }
            Ended::GivenUp => self.leases.release(job, now).await,
        }
    }

    fn next(&self, job: &Job) -> ports::Result<Failure> {
        if job.attempt >= job.max_attempts {
            return Ok(Failure::Dead);
        }
        let mut jitter = [0; 8];
        self.random.fill(&mut jitter)?;
        let backoff = kind(&job.kind).map_or_else(Backoff::default, |kind| kind.backoff);
        let pause = backoff.pause(job.attempt, u64::from_le_bytes(jitter));
        Ok(Failure::Retry { at: self.clock.now() + pause })
    }
}

/// Returns when a job was told to stop and has had its time to.
async fn unheard(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// The result as it is kept: the work is done, so one that is too long fails nothing.
fn kept(result: Value) -> Value {
    let bytes = result.to_string().len();
    if bytes <= RESULT { result } else { json!({ "tooLongToKeep": true, "bytes": bytes }) }
}

/// Turns a panic of a handler into a failed try.
trait Catch {
    async fn catch(self) -> Outcome;
}

impl<F> Catch for std::panic::AssertUnwindSafe<F>
where
    F: Future<Output = Outcome>,
{
    async fn catch(self) -> Outcome {
        use futures_util::FutureExt;
        let panicked = |_| Err(Trouble::new(Reason::Panicked, "the handler panicked"));
        self.catch_unwind().await.unwrap_or_else(panicked)
    }
}
