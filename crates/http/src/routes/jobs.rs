//! `/jobs/*`: background jobs, for operators.

use std::time::Duration;

use actix_web::{HttpResponse, delete, get, post, web};
use application::Error;
use application::jobs::{JobSpec, Swept, kind};
use domain::{Attempt, Job, JobStatus, Reason};
use garde::Validate;
use ports::JobFilter;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Services;
use crate::State;
use crate::extract::{Body, Caller, ListParams, ListQuery, plain};
use crate::once::Once;
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(submit).service(list).service(retry_some).service(clean_up);
    config.service(get).service(attempts).service(retry).service(cancel).service(remove);
}

/// A job to run.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "kind": "diagnostics.echo", "payload": { "hello": "world" } }))]
struct SubmitBody {
    /// One that operators may submit: `diagnostics.*`, `maintenance.purge`.
    #[garde(length(chars, min = 1, max = 100))]
    kind: String,
    /// The handler's argument.
    #[garde(skip)]
    #[schema(value_type = Object)]
    payload: Value,
    /// Another queue than the kind's own.
    #[garde(length(chars, min = 1, max = 50), custom(plain))]
    queue: Option<String>,
    /// Not before so many seconds from now.
    #[garde(range(max = 31_536_000))]
    delay_seconds: Option<u64>,
    /// Lower runs first.
    #[garde(range(min = -100, max = 100))]
    priority: Option<i16>,
    /// A second job with the same key is refused.
    #[garde(length(chars, min = 1, max = 200), custom(plain))]
    unique_key: Option<String>,
    /// The key is free again after so long; otherwise when the job is removed.
    #[garde(range(min = 1, max = 31_536_000))]
    unique_for_seconds: Option<u64>,
}

/// Which jobs.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Choice {
    /// `scheduled`, `queued`, `running`, `succeeded`, `failed`, `dead` or `cancelled`.
    #[garde(custom(plain))]
    status: Option<String>,
    #[garde(custom(plain))]
    queue: Option<String>,
    #[garde(custom(plain))]
    kind: Option<String>,
}

/// A job.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobBody {
    id: Uuid,
    queue: String,
    kind: String,
    #[schema(example = "succeeded")]
    status: &'static str,
    /// Tries so far.
    attempt: i32,
    max_attempts: i32,
    run_at: String,
    created_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
    /// Percent, as far as the handler tells.
    progress: Option<i32>,
    #[schema(value_type = Object)]
    result: Option<Value>,
    last_error: Option<String>,
    /// `failed`, `panicked`, `timed-out`, `worker-lost`, `payload`, `unknown-kind`, `refused` or `cancelled`.
    #[schema(example = "timed-out")]
    last_reason: Option<&'static str>,
    /// Since when it shall stop, while it runs.
    cancel_requested_at: Option<String>,
}

impl From<Job> for JobBody {
    fn from(job: Job) -> Self {
        Self {
            id: job.uuid,
            queue: job.queue,
            kind: job.kind,
            status: job.status.as_str(),
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            run_at: rfc3339(job.run_at),
            created_at: rfc3339(job.created_at),
            started_at: job.started_at.map(rfc3339),
            finished_at: job.finished_at.map(rfc3339),
            progress: job.progress,
            result: job.result,
            last_error: job.last_error,
            last_reason: job.last_reason.map(Reason::as_str),
            cancel_requested_at: job.cancel_requested_at.map(rfc3339),
        }
    }
}

/// Enqueue a job.
#[utoipa::path(tag = "jobs", request_body = SubmitBody, params(Once), security(("bearer" = ["jobs:write"])), responses(
    (status = 202, description = "Enqueued", body = Envelope<JobBody>),
    (status = 409, description = "A job with this unique key exists"),
))]
#[post("/api/v1/jobs")]
async fn submit(
    state: web::Data<State>,
    caller: Caller,
    once: Once,
    Body(body): Body<SubmitBody>,
) -> Result<HttpResponse, Failure> {
    let unknown = || Error::field("kind", "unknown", "is not a kind that can be submitted");
    let spec = JobSpec {
        kind: kind(&body.kind).filter(|kind| kind.submittable).ok_or_else(unknown)?,
        payload: body.payload,
        queue: body.queue,
        delay: Duration::from_secs(body.delay_seconds.unwrap_or(0)),
        priority: body.priority.unwrap_or(0),
        unique_key: body.unique_key,
        unique_for: body.unique_for_seconds.map(Duration::from_secs),
    };
    once.answer(caller, async |context| {
        let job = state.app.jobs.submit(&context, spec.clone()).await?;
        let location = format!("/api/v1/jobs/{}", job.uuid);
        Ok(Reply::accepted("the job is enqueued", JobBody::from(job)).location(&location))
    })
    .await
}

fn filter(status: Option<String>, queue: Option<String>, kind: Option<String>) -> Result<JobFilter, Error> {
    let status = status.as_deref().map(JobStatus::parse).transpose();
    let status = status.map_err(|error| Error::field("status", "unknown", error))?;
    Ok(JobFilter { status, queue, kind })
}

/// Jobs, from new to old. Sort: `createdAt`.
#[utoipa::path(tag = "jobs", params(ListParams, Choice), security(("bearer" = ["jobs:read"])), responses(
    (status = 200, description = "Jobs", body = Envelope<Vec<JobBody>>),
))]
#[get("/api/v1/jobs")]
async fn list(
    state: web::Data<State>,
    _: Caller,
    query: ListQuery<Choice>,
) -> Result<Reply<Vec<JobBody>>, Failure> {
    let ListQuery { ask, choice } = query;
    let filter = filter(choice.status, choice.queue, choice.kind)?;
    Ok(Reply::list("jobs", state.app.jobs.list(&filter, &ask).await?))
}

/// One job.
#[utoipa::path(tag = "jobs", params(("id" = Uuid, Path)), security(("bearer" = ["jobs:read"])), responses(
    (status = 200, description = "The job", body = Envelope<JobBody>),
    (status = 404, description = "There is none"),
))]
#[get("/api/v1/jobs/{id}")]
async fn get(state: web::Data<State>, _: Caller, id: web::Path<Uuid>) -> Result<Reply<JobBody>, Failure> {
    Ok(Reply::ok("the job", state.app.jobs.get(*id).await?.into()))
}

/// A try that did not succeed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AttemptBody {
    number: i32,
    started_at: Option<String>,
    ended_at: String,
    #[schema(example = "timed-out")]
    reason: &'static str,
    error: String,
}

impl From<Attempt> for AttemptBody {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.number,
            started_at: attempt.started_at.map(rfc3339),
            ended_at: rfc3339(attempt.ended_at),
            reason: attempt.trouble.reason.as_str(),
            error: attempt.trouble.error,
        }
    }
}

/// The tries of a job that did not succeed, from old to new.
#[utoipa::path(
    operation_id = "list_job_attempts", tag = "jobs", params(("id" = Uuid, Path)),
    security(("bearer" = ["jobs:read"])), responses(
    (status = 200, description = "Tries", body = Envelope<Vec<AttemptBody>>),
    (status = 404, description = "There is no such job"),
))]
#[get("/api/v1/jobs/{id}/attempts")]
async fn attempts(
    state: web::Data<State>,
    _: Caller,
    id: web::Path<Uuid>,
) -> Result<Reply<Vec<AttemptBody>>, Failure> {
    let attempts = state.app.jobs.attempts(*id).await?;
    Ok(Reply::ok("tries that did not succeed", attempts.into_iter().map(AttemptBody::from).collect()))
}

/// Let a job run at once, with all its tries before it: one that waits earlier, one that is dead or cancelled again.
#[utoipa::path(
    operation_id = "retry_job", tag = "jobs", params(("id" = Uuid, Path), Once),
    security(("bearer" = ["jobs:write"])), responses(
    (status = 202, description = "It can run", body = Envelope<JobBody>),
    (status = 404, description = "There is no such job"),
    (status = 409, description = "It runs or has succeeded"),
))]
#[post("/api/v1/jobs/{id}/retry")]
async fn retry(
    state: web::Data<State>,
    caller: Caller,
    once: Once,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Failure> {
    once.answer(caller, async |context| {
        let job = state.app.jobs.retry(&context, *id).await?;
        Ok(Reply::accepted("the job can run", JobBody::from(job)))
    })
    .await
}

/// Cancel a job: one that waits at once; one that runs is told to stop, and dropped when it does not.
#[utoipa::path(
    operation_id = "cancel_job", tag = "jobs", params(("id" = Uuid, Path), Once),
    security(("bearer" = ["jobs:write"])), responses(
    (status = 202, description = "It is cancelled, or will be", body = Envelope<JobBody>),
    (status = 404, description = "There is no such job"),
    (status = 409, description = "It has ended"),
))]
#[post("/api/v1/jobs/{id}/cancel")]
async fn cancel(
    state: web::Data<State>,
    caller: Caller,
    once: Once,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Failure> {
    once.answer(caller, async |context| {
        let job = state.app.jobs.cancel(&context, *id).await?;
        Ok(Reply::accepted("the job is cancelled, or told to stop", JobBody::from(job)))
    })
    .await
}

/// Remove a job with its history.
#[utoipa::path(
    operation_id = "remove_job", tag = "jobs", params(("id" = Uuid, Path)),
    security(("bearer" = ["jobs:write"])), responses(
    (status = 204, description = "Removed"),
    (status = 404, description = "There is no such job"),
    (status = 409, description = "It runs"),
))]
#[delete("/api/v1/jobs/{id}")]
async fn remove(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Failure> {
    state.app.jobs.remove(&caller.context(), *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which jobs to try again.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "status": "dead", "kind": "diagnostics.fail" }))]
struct RetryBody {
    /// `failed`, `dead` or `cancelled`; all three, otherwise.
    #[garde(custom(plain))]
    status: Option<String>,
    #[garde(custom(plain))]
    queue: Option<String>,
    #[garde(custom(plain))]
    kind: Option<String>,
}

/// Which jobs to remove.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "status": "succeeded", "olderThanSeconds": 86400 }))]
struct CleanUpBody {
    /// `succeeded`, `dead` or `cancelled`; succeeded and cancelled ones, otherwise.
    #[garde(custom(plain))]
    status: Option<String>,
    #[garde(custom(plain))]
    queue: Option<String>,
    #[garde(custom(plain))]
    kind: Option<String>,
    /// Only those that ended so long ago.
    #[garde(range(max = 315_360_000))]
    older_than_seconds: Option<u64>,
}

/// How many jobs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SweptBody {
    jobs: u64,
    /// There may be more: the same call again takes the next ones.
    more: bool,
}

impl From<Swept> for SweptBody {
    fn from(Swept { jobs, more }: Swept) -> Self {
        Self { jobs, more }
    }
}

/// Let all failed, dead and cancelled jobs that the filter lets through run at once, 5,000 per call.
#[utoipa::path(
    operation_id = "retry_jobs", tag = "jobs", request_body = RetryBody, params(Once),
    security(("bearer" = ["jobs:write"])), responses(
    (status = 202, description = "They can run", body = Envelope<SweptBody>),
))]
#[post("/api/v1/jobs/retry")]
async fn retry_some(
    state: web::Data<State>,
    caller: Caller,
    once: Once,
    Body(body): Body<RetryBody>,
) -> Result<HttpResponse, Failure> {
    let filter = filter(body.status, body.queue, body.kind)?;
    once.answer(caller, async |context| {
        let swept = state.app.jobs.retry_some(&context, &filter).await?;
        Ok(Reply::accepted("the jobs can run", SweptBody::from(swept)))
    })
    .await
}

/// Remove jobs that have ended and that the filter lets through, 5,000 per call.
#[utoipa::path(
    operation_id = "clean_up_jobs", tag = "jobs", request_body = CleanUpBody,
    security(("bearer" = ["jobs:write"])), responses(
    (status = 200, description = "They are removed", body = Envelope<SweptBody>),
))]
#[post("/api/v1/jobs/cleanup")]
async fn clean_up(
    state: web::Data<State>,
    caller: Caller,
    Body(body): Body<CleanUpBody>,
) -> Result<Reply<SweptBody>, Failure> {
    let filter = filter(body.status, body.queue, body.kind)?;
    let age = Duration::from_secs(body.older_than_seconds.unwrap_or(0));
    let swept = state.app.jobs.clean_up(&caller.context(), &filter, age).await?;
    Ok(Reply::ok("the jobs are removed", swept.into()))
}
