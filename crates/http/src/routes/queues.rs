//! `/queues/*`: what waits, and what rests, for operators.

use actix_web::{get, post, web};
use application::Error;
use ports::QueueState;
use serde::Serialize;
use utoipa::ToSchema;

use super::Services;
use crate::State;
use crate::extract::Caller;
use crate::respond::{Envelope, Failure, Nothing, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(list).service(pause).service(resume);
}

/// A queue.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct QueueBody {
    #[schema(example = "default")]
    name: String,
    /// Jobs that could run now, failed ones among them.
    depth: u64,
    /// Jobs whose time has not come, failed ones among them.
    scheduled: u64,
    running: u64,
    /// Jobs that failed and will be tried again.
    failed: u64,
    dead: u64,
    /// Since when the first of those that could run could do so.
    oldest_at: Option<String>,
    /// Jobs that succeeded within the last minute.
    throughput: u64,
    paused_at: Option<String>,
}

impl From<QueueState> for QueueBody {
    fn from(state: QueueState) -> Self {
        Self {
            name: state.name,
            depth: state.due,
            scheduled: state.scheduled,
            running: state.running,
            failed: state.failed,
            dead: state.dead,
            oldest_at: state.oldest.map(rfc3339),
            throughput: state.succeeded,
            paused_at: state.paused_at.map(rfc3339),
        }
    }
}

/// All queues, by name.
#[utoipa::path(
    operation_id = "list_queues", tag = "jobs", security(("bearer" = ["jobs:read"])), responses(
    (status = 200, description = "Queues", body = Envelope<Vec<QueueBody>>),
))]
#[get("/api/v1/queues")]
async fn list(state: web::Data<State>, _: Caller) -> Result<Reply<Vec<QueueBody>>, Failure> {
    let queues = state.app.jobs.queues().await?;
    Ok(Reply::ok("queues", queues.into_iter().map(QueueBody::from).collect()))
}

/// Let a queue rest: what runs goes on, nothing else begins, on all workers from now on.
#[utoipa::path(
    operation_id = "pause_queue", tag = "jobs", params(("name" = String, Path)),
    security(("bearer" = ["jobs:write"])), responses(
    (status = 200, description = "It rests", body = Envelope<Nothing>),
))]
#[post("/api/v1/queues/{name}/pause")]
async fn pause(
    state: web::Data<State>,
    caller: Caller,
    name: web::Path<String>,
) -> Result<Reply<Nothing>, Failure> {
    state.app.jobs.pause(&caller.context(), named(&name)?).await?;
    Ok(Reply::ok("the queue rests", Nothing))
}

/// Let a queue go on.
#[utoipa::path(
    operation_id = "resume_queue", tag = "jobs", params(("name" = String, Path)),
    security(("bearer" = ["jobs:write"])), responses(
    (status = 200, description = "It goes on", body = Envelope<Nothing>),
))]
#[post("/api/v1/queues/{name}/resume")]
async fn resume(
    state: web::Data<State>,
    caller: Caller,
    name: web::Path<String>,
) -> Result<Reply<Nothing>, Failure> {
    state.app.jobs.resume(&caller.context(), named(&name)?).await?;
    Ok(Reply::ok("the queue goes on", Nothing))
}

/// As long as a job's queue may be.
fn named(name: &str) -> Result<&str, Error> {
    let length = name.chars().count();
    if !(1..=50).contains(&length) || name.chars().any(char::is_control) {
        return Err(Error::field("name", "length", "must have 1 to 50 printable characters"));
    }
    Ok(name)
}
