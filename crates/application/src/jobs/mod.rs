//! Background jobs: which kinds there are, and how operators see them. What they do to them stands in [`control`].

mod control;
mod kinds;

pub use control::Swept;
pub use kinds::{JobKind, KINDS, kind};

use std::time::Duration;

use chrono::TimeDelta;
use domain::{Attempt, Job, NewJob};
use ports::{JOB_ORDERS, JobFilter, SortKey};
use serde_json::Value;
use uuid::Uuid;

use crate::lists::{List, Lists};
use crate::{Action, Ask, Context, Core, Error, Listed, Result, Work};

const SUBMIT: Action = Action { name: "job.submit", resource: "job" };
/// Longest payload, in bytes of JSON. What is larger lies in the storage, and the payload says where.
const PAYLOAD: usize = 64 * 1024;
const LIST: List = List { name: "jobs", orders: JOB_ORDERS, default: &[SortKey::desc("createdAt")] };

/// A job to run, before it has an id.
#[derive(Debug, Clone)]
pub struct JobSpec {
    /// One of [`KINDS`].
    pub kind: &'static JobKind,
    /// The handler's argument.
    pub payload: Value,
    /// Another queue than the kind's own.
    pub queue: Option<String>,
    /// Not before so long from now.
    pub delay: Duration,
    /// Lower runs first.
    pub priority: i16,
    /// A second job with the same key is not written.
    pub unique_key: Option<String>,
    /// The key is free again after so long; otherwise when the job is removed.
    pub unique_for: Option<Duration>,
}

impl JobSpec {
    /// A job of a kind that runs as soon as possible.
    pub fn now(kind: &'static JobKind, payload: Value) -> Self {
        Self {
            kind,
            payload,
            queue: None,
            delay: Duration::ZERO,
            priority: 0,
            unique_key: None,
            unique_for: None,
        }
    }

    /// The same, written at most once per key.
    #[must_use]
    pub fn unique(self, key: String) -> Self {
        Self { unique_key: Some(key), ..self }
    }
}

pub(crate) fn new_job(core: &Core, context: &Context, spec: JobSpec) -> Result<NewJob> {
    if spec.payload.to_string().len() > PAYLOAD {
        return Err(Error::field("payload", "length", "is larger than 64 KiB"));
    }
    let now = core.clock.now();
    let too_far = || Error::field("delaySeconds", "range", "is too far away");
    let delay = TimeDelta::from_std(spec.delay).map_err(|_| too_far())?;
    let window = spec.unique_for.map(TimeDelta::from_std).transpose().ok().flatten();
    let unique_until = window.and_then(|window| now.checked_add_signed(window));
    Ok(NewJob {
        id: core.ids.snowflake()?,
        uuid: core.ids.uuid()?,
        queue: spec.queue.unwrap_or_else(|| spec.kind.queue.to_owned()),
        kind: spec.kind.name.to_owned(),
        payload: spec.payload,
        priority: spec.priority,
        max_attempts: spec.kind.max_attempts,
        run_at: now.checked_add_signed(delay).ok_or_else(too_far)?,
        created_at: now,
        unique_key: spec.unique_key,
        unique_until,
        limited: spec.kind.limits.is_some(),
        tenant_id: context.scope.tenant_id(),
        traceparent: context.traceparent.clone(),
    })
}

/// Use cases on jobs.
#[derive(Clone)]
pub struct Jobs {
    core: Core,
    lists: Lists,
}

impl Jobs {
    pub(crate) fn new(core: Core, lists: Lists) -> Self {
        Self { core, lists }
    }

    /// Enqueues a job on an operator's behalf.
    ///
    /// # Errors
    /// `Conflict` when its unique key is taken.
    pub async fn submit(&self, context: &Context, spec: JobSpec) -> Result<Job> {
        let spec = &spec;
        Work::run(&self.core, context, SUBMIT, |mut work| async move {
            let job = work.enqueue(spec.clone()).await?.ok_or(Error::Conflict)?;
            work.on(job.uuid);
            work.commit().await?;
            Ok(job.into())
        })
        .await
    }

    /// Enqueues the job that an event causes, once per consumer, however often the event is told. False when it was
    /// told before.
    pub async fn follow(
        &self,
        context: &Context,
        consumer: &str,
        event: Uuid,
        spec: JobSpec,
    ) -> Result<bool> {
        let job = new_job(&self.core, context, spec)?;
        let write = || async {
            let tx = self.core.store.begin().await?;
            if !tx.inbox().accept(consumer, event, job.created_at).await? {
                return Ok(false);
            }
            tx.jobs().enqueue(&job).await?;
            tx.commit().await?;
            Ok(true)
        };
        self.core.again(write).await
    }

    /// One job.
    pub async fn get(&self, uuid: Uuid) -> Result<Job> {
        Ok(self.core.store.jobs().by_uuid(uuid).await?)
    }

    /// The tries of a job that did not succeed, from old to new.
    pub async fn attempts(&self, uuid: Uuid) -> Result<Vec<Attempt>> {
        let job = self.get(uuid).await?;
        Ok(self.core.store.jobs().attempts(job.uuid).await?)
    }

    /// Jobs, from new to old unless asked otherwise.
    pub async fn list(&self, filter: &JobFilter, ask: &Ask) -> Result<Listed<Job>> {
        let reading = self.lists.begin(&LIST, ask)?;
        let jobs = self.core.store.relaxed().jobs();
        let found = jobs.list(filter, reading.page()).await?;
        let total = reading.total(async || jobs.count(filter).await).await?;
        reading.finish(found, total)
    }
}
