//! The job queue: enqueueing in a unit of work, leasing to workers, looking at it.

use std::time::Duration;

use async_trait::async_trait;
use domain::{Attempt, Failure, Job, JobStatus, Limits, NewJob, Timestamp, Trouble};
use serde_json::Value;
use uuid::Uuid;

use crate::{Order, Page, PageOf, Result, SortKey};

/// Enqueueing.
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Writes a job. It can run once the unit of work has committed, and never otherwise. False when a job with
    /// the same unique key exists whose time for it is not over, which is then left as it is.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn enqueue(&self, job: &NewJob) -> Result<bool>;
}

/// What a worker asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who asks.
    pub holder: Uuid,
    /// From which queue.
    pub queue: String,
    /// Jobs at most.
    pub limit: u64,
    /// Now: jobs whose time has come.
    pub now: Timestamp,
    /// Only jobs of this kind; otherwise those of all kinds that are not limited.
    pub limited: Option<Limited>,
}

/// A kind that is limited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limited {
    /// The kind.
    pub kind: String,
    /// By what.
    pub limits: Limits,
}

/// Leases on jobs. A job is leased to one holder at a time, each time with a higher fencing token; whoever
/// writes under an older token is refused.
#[async_trait]
pub trait JobLeases: Send + Sync {
    /// Leases the next jobs: lowest priority number first, then by time, then in order of creation. Each counts
    /// an attempt. Two holders never get the same one. Nothing comes from a queue that rests. Jobs of one tenant take
    /// turns with all others, so that many of them make nobody else wait. Of a limited kind no more are leased than its
    /// limits leave, over all holders and queues.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn claim(&self, claim: &Claim) -> Result<Vec<Job>>;
    /// Ends a job well.
    ///
    /// # Errors
    /// `Precondition` when the lease is not the caller's any more.
    async fn succeed(&self, job: &Job, result: &Value, now: Timestamp) -> Result<()>;
    /// Ends a try badly, and notes it in the job's history. What shall stop is cancelled instead of tried again.
    ///
    /// # Errors
    /// `Precondition` when the lease is not the caller's any more.
    async fn fail(&self, job: &Job, trouble: &Trouble, then: Failure, now: Timestamp) -> Result<()>;
    /// Which of the holder's jobs shall stop (internal ids).
    ///
    /// # Errors
    /// `Unavailable`.
    async fn to_stop(&self, holder: Uuid) -> Result<Vec<i64>>;
    /// Notes how far a running job is, in percent.
    ///
    /// # Errors
    /// `Precondition` when the lease is not the caller's any more.
    async fn progress(&self, job: &Job, percent: i32) -> Result<()>;
    /// Takes the jobs of a holder back, all but those to `keep` (internal ids): they may run at once, or are dead
    /// when they have no attempt left, or cancelled when they were to stop. The lost try stands in their history.
    /// How many. For a fallen holder nothing is kept; a living one that may have been leased jobs without hearing of
    /// it (the answer was lost) keeps those it knows of.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn rescue(&self, holder: Uuid, keep: &[i64], now: Timestamp) -> Result<u64>;
    /// Puts a claimed job back untried (its attempt is not counted), for a worker that stops. What shall stop is
    /// cancelled.
    ///
    /// # Errors
    /// `Precondition` when the lease is not the caller's any more.
    async fn release(&self, job: &Job, now: Timestamp) -> Result<()>;
    /// Removes succeeded and cancelled jobs that ended before `before`; at most `limit`. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64>;
}

/// Waking workers, so that they need not poll.
#[async_trait]
pub trait Wakeups: Send + Sync {
    /// Returns when something was enqueued or an event was written since the last call, on any process as far
    /// as the engine can tell, or after `at_most`. May return early without cause; callers look for themselves.
    async fn wait(&self, at_most: Duration);
}

/// Which jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Exact status.
    pub status: Option<JobStatus>,
    /// Exact queue.
    pub queue: Option<String>,
    /// Exact kind.
    pub kind: Option<String>,
}

/// What operators do to jobs, in a unit of work.
#[async_trait]
pub trait JobControl: JobQueries {
    /// Lets a job run at once, with all its tries before it: one that waits for its time earlier, one that is dead or
    /// cancelled again. Its history stays. False when it runs or has succeeded, and then nothing changes.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn retry(&self, uuid: Uuid, now: Timestamp) -> Result<bool>;
    /// Cancels a job: one that waits at once; for one that runs it notes that it shall stop. False when it has ended,
    /// and then nothing changes.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn cancel(&self, uuid: Uuid, now: Timestamp) -> Result<bool>;
    /// Removes a job with its history. False when it runs, and then nothing changes.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn remove(&self, uuid: Uuid) -> Result<bool>;
    /// [`retry`](JobControl::retry) for failed, dead and cancelled jobs that the filter lets through; at most `limit`.
    /// How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn retry_some(&self, filter: &JobFilter, limit: u64, now: Timestamp) -> Result<u64>;
    /// Removes succeeded, dead and cancelled jobs that the filter lets through and that ended before `before`; at most
    /// `limit`. How many.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn remove_some(&self, filter: &JobFilter, before: Timestamp, limit: u64) -> Result<u64>;
    /// Lets a queue rest: nothing is claimed from it any more. One that rests already has its first time.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn pause(&self, queue: &str, at: Timestamp) -> Result<()>;
    /// Lets a queue go on. One that does not rest is left as it is.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn resume(&self, queue: &str) -> Result<()>;
}

/// What is in a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueState {
    /// Its name.
    pub name: String,
    /// Jobs whose time has come, failed ones among them.
    pub due: u64,
    /// Jobs whose time has not come, failed ones among them.
    pub scheduled: u64,
    /// Failed jobs that will be tried again, due or not.
    pub failed: u64,
    /// Jobs that a worker holds.
    pub running: u64,
    /// Dead letters.
    pub dead: u64,
    /// When the time of the job came that has waited longest.
    pub oldest: Option<Timestamp>,
    /// Jobs that succeeded since the time that was asked for.
    pub succeeded: u64,
    /// Since when it rests.
    pub paused_at: Option<Timestamp>,
}

/// What jobs can be sorted by. `createdAt` is the order of the ids, which grow with time.
pub const JOB_ORDERS: &[Order] = &[&[SortKey::asc("createdAt")]];

/// Looking at jobs.
#[async_trait]
pub trait JobQueries: Send + Sync {
    /// One job.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    async fn by_uuid(&self, uuid: Uuid) -> Result<Job>;
    /// Jobs, in one of [`JOB_ORDERS`] or its reverse.
    ///
    /// # Errors
    /// `Unsupported` for another order, or a position with more or fewer keys; `Unavailable`.
    async fn list(&self, filter: &JobFilter, page: &Page) -> Result<PageOf<Job>>;
    /// How many jobs the filter lets through. Costs as much as reading them.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn count(&self, filter: &JobFilter) -> Result<u64>;
    /// The tries of a job that did not succeed, from old to new. None for a job that is not there.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn attempts(&self, uuid: Uuid) -> Result<Vec<Attempt>>;
    /// Every queue that holds jobs which have not ended well, or in which one has since `since`, or that rests; by name.
    /// Costs as much as reading what waits.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn queues(&self, since: Timestamp, now: Timestamp) -> Result<Vec<QueueState>>;
}
