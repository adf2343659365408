//! From the name of a job kind to the function that runs it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use application::Context;
use domain::{Job, Reason, Trouble};
use ports::JobLeases;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// Why a try failed, and whether another one makes sense.
#[derive(Debug)]
pub enum JobError {
    /// Try again later.
    Retry(String),
    /// Trying again will not help: a dead letter at once.
    Permanent(String),
    /// It stopped because it was to.
    Cancelled,
}

impl From<JobError> for Trouble {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Retry(error) => Self::new(Reason::Failed, &error),
            JobError::Permanent(error) => Self::new(Reason::Refused, &error),
            JobError::Cancelled => Self::new(Reason::Cancelled, "stopped, as it was asked to"),
        }
    }
}

impl From<application::Error> for JobError {
    fn from(error: application::Error) -> Self {
        use application::Error as E;
        match error {
            E::Unavailable(source) | E::Internal(source) => Self::Retry(source.to_string()),
            other => Self::Permanent(other.to_string()),
        }
    }
}

/// A job while it runs, as its handler sees it.
#[derive(Clone)]
pub struct Running {
    /// The job, with the number of this try.
    pub job: Arc<Job>,
    leases: Arc<dyn JobLeases>,
    stop: CancellationToken,
}

impl Running {
    pub(crate) fn new(job: Arc<Job>, leases: Arc<dyn JobLeases>, stop: CancellationToken) -> Self {
        Self { job, leases, stop }
    }

    /// Returns once an operator wants the job to stop. A handler that listens can leave things tidy and answer
    /// [`JobError::Cancelled`]; one that does not is dropped at its next `.await`, a few seconds later.
    pub async fn to_stop(&self) {
        self.stop.cancelled().await;
    }

    /// The context of use cases that the handler calls.
    pub fn context(&self) -> Context {
        Context::system("worker", self.job.traceparent.clone())
    }

    /// Removes jobs that ended well so long before this one began. How many.
    pub(crate) async fn purge_finished(&self, age: Duration) -> Result<u64, JobError> {
        let Some(begun) = self.job.started_at else { return Ok(0) };
        let mut removed = 0;
        loop {
            let batch = self.leases.purge(begun - age, BATCH).await;
            let batch = batch.map_err(|error| JobError::Retry(error.to_string()))?;
            removed += batch;
            if batch < BATCH {
                return Ok(removed);
            }
        }
    }

    /// Tells operators how far the job is. A failure to tell is no failure of the job.
    pub async fn progress(&self, percent: i32) {
        if let Err(error) = self.leases.progress(&self.job, percent.clamp(0, 100)).await {
            tracing::debug!(%error, "progress was not noted");
        }
    }
}

/// Rows per statement, so that nobody waits for the purge.
const BATCH: u64 = 500;

/// How a try ended.
pub(crate) type Outcome = Result<Value, Trouble>;
type Handler = dyn Fn(Running) -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync;

/// All handlers of this process.
#[derive(Default)]
pub struct Registry {
    handlers: HashMap<&'static str, Box<Handler>>,
}

impl Registry {
    /// Adds the handler of a kind. Its payload is parsed first; one that does not parse never will, so the job
    /// is dead at once.
    #[must_use]
    pub fn on<P, F, R>(mut self, kind: &'static str, handler: F) -> Self
    where
        P: DeserializeOwned + Send + 'static,
        F: Fn(Running, P) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, JobError>> + Send + 'static,
    {
        let parse = move |running: Running| -> Pin<Box<dyn Future<Output = Outcome> + Send>> {
            match serde_json::from_value(running.job.payload.clone()) {
                Ok(payload) => {
                    let outcome = handler(running, payload);
                    Box::pin(async move { outcome.await.map_err(Trouble::from) })
                }
                Err(error) => {
                    let trouble = Trouble::new(Reason::Payload, &format!("payload: {error}"));
                    Box::pin(std::future::ready(Err(trouble)))
                }
            }
        };
        self.handlers.insert(kind, Box::new(parse));
        self
    }

    /// Whether a kind has a handler.
    pub fn knows(&self, kind: &str) -> bool {
        self.handlers.contains_key(kind)
    }

    pub(crate) async fn run(&self, running: Running) -> Outcome {
        if let Some(handler) = self.handlers.get(running.job.kind.as_str()) {
            return handler(running).await;
        }
        // Another release wrote it. Where that is a newer one, operators retry it once all workers are new.
        let kind = &running.job.kind;
        Err(Trouble::new(Reason::UnknownKind, &format!("no handler for kind {kind}")))
    }
}
