//! `/jobs/*`: background jobs, for operators.

use std::time::Duration;

use super::Services;
use actix_web::{HttpResponse, get, post, web};
use application::Error;
use application::jobs::{JobSpec, kind};
use domain::{Job, JobStatus};
use garde::Validate;
use ports::JobFilter;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::State;
use crate::extract::{Body, Caller, ListParams, ListQuery, plain};
use crate::once::Once;
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(submit).service(list).service(get);
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
    };
    once.answer(caller, async |context| {
        let job = state.app.jobs.submit(&context, spec.clone()).await?;
        let location = format!("/api/v1/jobs/{}", job.uuid);
        Ok(Reply::accepted("the job is enqueued", JobBody::from(job)).location(&location))
    })
    .await
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
    let status = choice.status.as_deref().map(JobStatus::parse).transpose();
    let filter = JobFilter {
        status: status.map_err(|error| Error::field("status", "unknown", error))?,
        queue: choice.queue,
        kind: choice.kind,
    };
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
