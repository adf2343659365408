//! What operators do to jobs and queues.

use std::time::Duration;

use domain::{Job, JobStatus};
use ports::{JobFilter, QueueState};
use uuid::Uuid;

use super::{Jobs, KINDS};
use crate::{Action, Context, Error, Result, Work};

const RETRY: Action = Action { name: "job.retry", resource: "job" };
const CANCEL: Action = Action { name: "job.cancel", resource: "job" };
const REMOVE: Action = Action { name: "job.remove", resource: "job" };
const RETRY_SOME: Action = Action { name: "jobs.retry", resource: "jobs" };
const CLEAN_UP: Action = Action { name: "jobs.cleanup", resource: "jobs" };
const PAUSE: Action = Action { name: "queue.pause", resource: "queue" };
const RESUME: Action = Action { name: "queue.resume", resource: "queue" };

/// Jobs per call of those that take many: a unit of work that others can wait for.
const AT_ONCE: u64 = 5000;
/// Over how long the throughput of a queue is counted.
const THROUGHPUT: Duration = Duration::from_secs(60);

/// What became of a call for many jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// How many jobs.
    pub jobs: u64,
    /// Whether there may be more: the same call again takes the next ones.
    pub more: bool,
}

impl Swept {
    fn of(jobs: u64) -> Self {
        Self { jobs, more: jobs == AT_ONCE }
    }
}

/// What becomes of one job.
#[derive(Debug, Clone, Copy)]
enum Change {
    Retry,
    Cancel,
}

impl Change {
    fn action(self) -> Action {
        match self {
            Self::Retry => RETRY,
            Self::Cancel => CANCEL,
        }
    }
}

impl Jobs {
    /// Lets a job run at once, with all its tries before it.
    ///
    /// # Errors
    /// `Conflict` when it runs or has succeeded.
    pub async fn retry(&self, context: &Context, uuid: Uuid) -> Result<Job> {
        self.change(context, Change::Retry, uuid).await
    }

    /// Cancels a job that waits, and tells one that runs to stop.
    ///
    /// # Errors
    /// `Conflict` when it has ended.
    pub async fn cancel(&self, context: &Context, uuid: Uuid) -> Result<Job> {
        self.change(context, Change::Cancel, uuid).await
    }

    async fn change(&self, context: &Context, change: Change, uuid: Uuid) -> Result<Job> {
        let now = self.core.clock.now();
        Work::run(&self.core, context, change.action(), |mut work| async move {
            work.on(uuid);
            let jobs = work.tx().job_control();
            let done = match change {
                Change::Retry => jobs.retry(uuid, now).await?,
                Change::Cancel => jobs.cancel(uuid, now).await?,
            };
            if !done {
                return Err(Error::Conflict);
            }
            let job = jobs.by_uuid(uuid).await?;
            work.commit().await?;
            Ok(job)
        })
        .await
    }

    /// Removes a job with its history.
    ///
    /// # Errors
    /// `Conflict` when it runs.
    pub async fn remove(&self, context: &Context, uuid: Uuid) -> Result<()> {
        Work::run(&self.core, context, REMOVE, |mut work| async move {
            work.on(uuid);
            if !work.tx().job_control().remove(uuid).await? {
                return Err(Error::Conflict);
            }
            work.commit().await
        })
        .await
    }

    /// Lets failed, dead and cancelled jobs run at once, so many at a time.
    ///
    /// # Errors
    /// `Invalid` for a status that nothing is retried from.
    pub async fn retry_some(&self, context: &Context, filter: &JobFilter) -> Result<Swept> {
        let from = [JobStatus::Failed, JobStatus::Dead, JobStatus::Cancelled];
        one_of(filter.status, &from, "is not failed, dead or cancelled")?;
        let now = self.core.clock.now();
        Work::run(&self.core, context, RETRY_SOME, |mut work| async move {
            work.on(described(filter));
            let jobs = work.tx().job_control().retry_some(filter, AT_ONCE, now).await?;
            work.commit().await?;
            Ok(Swept::of(jobs))
        })
        .await
    }

    /// Removes jobs that ended so long ago, so many at a time. Dead ones only if the filter names them.
    ///
    /// # Errors
    /// `Invalid` for a status that is no end.
    pub async fn clean_up(&self, context: &Context, filter: &JobFilter, age: Duration) -> Result<Swept> {
        let ended = [JobStatus::Succeeded, JobStatus::Dead, JobStatus::Cancelled];
        one_of(filter.status, &ended, "is not succeeded, dead or cancelled")?;
        let before = self.core.clock.now() - age;
        let statuses: &[JobStatus] = match &filter.status {
            Some(status) => std::slice::from_ref(status),
            None => &[JobStatus::Succeeded, JobStatus::Cancelled],
        };
        Work::run(&self.core, context, CLEAN_UP, |mut work| async move {
            work.on(described(filter));
            let mut jobs = 0;
            for status in statuses {
                let filter = JobFilter { status: Some(*status), ..filter.clone() };
                jobs += work.tx().job_control().remove_some(&filter, before, AT_ONCE - jobs).await?;
            }
            work.commit().await?;
            Ok(Swept::of(jobs))
        })
        .await
    }

    /// Every queue, by name: those of the kinds there are, and whatever else holds jobs.
    pub async fn queues(&self) -> Result<Vec<QueueState>> {
        let now = self.core.clock.now();
        let mut states = self.core.store.relaxed().jobs().queues(now - THROUGHPUT, now).await?;
        for kind in KINDS {
            if states.iter().all(|state| state.name != kind.queue) {
                states.push(QueueState { name: kind.queue.to_owned(), ..QueueState::default() });
            }
        }
        states.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(states)
    }

    /// Lets a queue rest: what runs goes on, nothing else begins, on all workers from now on. Nobody needs to have used
    /// the queue before.
    pub async fn pause(&self, context: &Context, queue: &str) -> Result<()> {
        let now = self.core.clock.now();
        Work::run(&self.core, context, PAUSE, |mut work| async move {
            work.on(queue);
            work.tx().job_control().pause(queue, now).await?;
            work.commit().await
        })
        .await
    }

    /// Lets a queue go on.
    pub async fn resume(&self, context: &Context, queue: &str) -> Result<()> {
        Work::run(&self.core, context, RESUME, |mut work| async move {
            work.on(queue);
            work.tx().job_control().resume(queue).await?;
            work.commit().await
        })
        .await
    }
}

fn one_of(status: Option<JobStatus>, allowed: &[JobStatus], otherwise: &str) -> Result<()> {
    match status {
        Some(status) if !allowed.contains(&status) => Err(Error::field("status", "unknown", otherwise)),
        _ => Ok(()),
    }
}

/// For the trail: which jobs were meant.
fn described(filter: &JobFilter) -> String {
    let status = filter.status.map(|status| status.as_str().to_owned());
    let parts = [("status", &status), ("queue", &filter.queue), ("kind", &filter.kind)];
    let said = parts.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_deref()?)));
    let said: Vec<String> = said.collect();
    if said.is_empty() { "all".to_owned() } else { said.join(" ") }
}
