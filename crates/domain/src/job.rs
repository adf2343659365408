//! Background jobs: their states, and when a failed one is tried again.

use std::time::Duration;

use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use crate::{Reason, Timestamp};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// Waits for its time.
    Scheduled,
    /// Waits for a worker.
    Queued,
    /// A worker holds its lease.
    Running,
    /// Done.
    Succeeded,
    /// Failed, will be tried again.
    Failed,
    /// Failed for good: a dead letter.
    Dead,
    /// Taken back by an operator.
    Cancelled,
}

/// A stored status that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("is not a job status")]
pub struct UnknownStatus;

impl JobStatus {
    /// The stored and shown form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`UnknownStatus`] for anything else.
    pub fn parse(text: &str) -> Result<Self, UnknownStatus> {
        [
            Self::Scheduled,
            Self::Queued,
            Self::Running,
            Self::Succeeded,
            Self::Failed,
            Self::Dead,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|s| s.as_str() == text)
        .ok_or(UnknownStatus)
    }
}

/// A job that is about to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Snowflake.
    pub id: i64,
    /// Public id.
    pub uuid: Uuid,
    /// The queue whose workers take it.
    pub queue: String,
    /// Which handler runs it.
    pub kind: String,
    /// The handler's argument.
    pub payload: Value,
    /// Lower runs first; 0 is normal.
    pub priority: i16,
    /// Tries before it is dead.
    pub max_attempts: i32,
    /// Not before.
    pub run_at: Timestamp,
    /// When it was written.
    pub created_at: Timestamp,
    /// At most one live or finished job has it; a second one is dropped.
    pub unique_key: Option<String>,
    /// When the key is free again; otherwise only when the job is removed.
    pub unique_until: Option<Timestamp>,
    /// Whether its kind is limited: then it is claimed by itself.
    pub limited: bool,
    /// The tenant it works for.
    pub tenant_id: Option<i64>,
    /// W3C trace context of what caused it.
    pub traceparent: Option<String>,
}

impl From<NewJob> for Job {
    /// The job as it is stored when it is written.
    fn from(new: NewJob) -> Self {
        Self {
            id: new.id,
            uuid: new.uuid,
            status: new.status(),
            queue: new.queue,
            kind: new.kind,
            payload: new.payload,
            attempt: 0,
            max_attempts: new.max_attempts,
            run_at: new.run_at,
            created_at: new.created_at,
            started_at: None,
            finished_at: None,
            progress: None,
            result: None,
            last_error: None,
            last_reason: None,
            cancel_requested_at: None,
            lease_token: 0,
            traceparent: new.traceparent,
        }
    }
}

impl NewJob {
    /// The status it begins with.
    pub fn status(&self) -> JobStatus {
        if self.run_at > self.created_at { JobStatus::Scheduled } else { JobStatus::Queued }
    }
}

/// A job as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Snowflake.
    pub id: i64,
    /// Public id.
    pub uuid: Uuid,
    /// The queue whose workers take it.
    pub queue: String,
    /// Which handler runs it.
    pub kind: String,
    /// The handler's argument.
    pub payload: Value,
    /// Where it stands.
    pub status: JobStatus,
    /// Tries so far, the current one included.
    pub attempt: i32,
    /// Tries before it is dead.
    pub max_attempts: i32,
    /// Not before.
    pub run_at: Timestamp,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its latest try began.
    pub started_at: Option<Timestamp>,
    /// When it reached a final state.
    pub finished_at: Option<Timestamp>,
    /// 0 to 100, as the handler tells.
    pub progress: Option<i32>,
    /// What the handler returned.
    pub result: Option<Value>,
    /// Why the latest try failed, in words.
    pub last_error: Option<String>,
    /// Why the latest try failed.
    pub last_reason: Option<Reason>,
    /// Since when it shall stop, while it runs.
    pub cancel_requested_at: Option<Timestamp>,
    /// Fencing token: grows with each claim; writes under an older one are refused.
    pub lease_token: i64,
    /// W3C trace context of what caused it.
    pub traceparent: Option<String>,
}

/// Exponential backoff with full jitter: between half of the step and the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Step after the first failure; doubles with each further one.
    pub base: Duration,
    /// Longest step.
    pub max: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base: Duration::from_secs(1), max: Duration::from_secs(15 * 60) }
    }
}

impl Backoff {
    /// The pause after the failure of try number `attempt` (1 for the first). `jitter` is a random number;
    /// equal failures of many jobs thereby spread out instead of coming back as one wave.
    pub fn pause(&self, attempt: i32, jitter: u64) -> Duration {
        let doublings = u32::try_from(attempt.clamp(1, 31) - 1).unwrap_or(0);
        let step = self.base.saturating_mul(1 << doublings).min(self.max);
        let half = u64::try_from(step.as_millis() / 2).unwrap_or(u64::MAX);
        Duration::from_millis(half + jitter % (half + 1))
    }
}

/// How a failed try goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Try again then.
    Retry {
        /// Not before.
        at: Timestamp,
    },
    /// A dead letter.
    Dead,
    /// It was stopped.
    Cancelled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_within_its_bounds() {
        let backoff = Backoff::default();
        for (attempt, step) in [(1, 1000), (2, 2000), (5, 16_000), (11, 900_000), (200, 900_000), (0, 1000)] {
            let shortest = backoff.pause(attempt, 0);
            let longest = backoff.pause(attempt, step / 2);
            assert_eq!(shortest, Duration::from_millis(step / 2), "attempt {attempt}");
            assert_eq!(longest, Duration::from_millis(step), "attempt {attempt}");
            assert!(backoff.pause(attempt, u64::MAX) <= longest);
        }
    }
}
