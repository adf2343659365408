//! `/schedules/*`: recurring work, for operators.

use actix_web::{HttpResponse, get, post, web};
use application::schedules::Planned;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Services;
use super::jobs::JobBody;
use crate::State;
use crate::extract::Caller;
use crate::once::Once;
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(list).service(run).service(pause).service(resume);
}

/// Recurring work.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ScheduleBody {
    /// Also the kind of the jobs that it causes.
    #[schema(example = "maintenance.purge")]
    name: &'static str,
    /// Five fields, or six with the second in front.
    #[schema(example = "7 * * * *")]
    cron: &'static str,
    /// Where the expression is read.
    #[schema(example = "UTC")]
    time_zone: &'static str,
    /// The job begins at most so much later.
    jitter_seconds: u64,
    /// What becomes of times at which no worker ran: `run-once`, `run-each` or `skip`.
    #[schema(example = "run-once")]
    misfire: &'static str,
    /// All times until here have been dealt with.
    last_tick: String,
    /// The job that was caused last.
    last_job: Option<Uuid>,
    /// When it is due; never while it is paused.
    next_tick: Option<String>,
    paused_at: Option<String>,
}

impl From<Planned> for ScheduleBody {
    fn from(Planned { schedule, state, next }: Planned) -> Self {
        Self {
            name: schedule.name,
            cron: schedule.cron,
            time_zone: schedule.zone,
            jitter_seconds: schedule.jitter.as_secs(),
            misfire: schedule.misfire.as_str(),
            last_tick: rfc3339(state.last_tick),
            last_job: state.last_job,
            next_tick: next.map(rfc3339),
            paused_at: state.paused_at.map(rfc3339),
        }
    }
}

/// All schedules, by name.
#[utoipa::path(
    operation_id = "list_schedules", tag = "jobs", security(("bearer" = ["jobs:read"])), responses(
    (status = 200, description = "Schedules", body = Envelope<Vec<ScheduleBody>>),
))]
#[get("/api/v1/schedules")]
async fn list(state: web::Data<State>, _: Caller) -> Result<Reply<Vec<ScheduleBody>>, Failure> {
    let planned = state.app.schedules.list().await?;
    Ok(Reply::ok("schedules", planned.into_iter().map(ScheduleBody::from).collect()))
}

/// Cause a schedule's job now, also while it is paused. Its times stay as they are.
#[utoipa::path(
    operation_id = "run_schedule", tag = "jobs", params(("name" = String, Path), Once),
    security(("bearer" = ["jobs:write"])), responses(
    (status = 202, description = "Enqueued", body = Envelope<JobBody>),
    (status = 404, description = "No schedule has this name"),
))]
#[post("/api/v1/schedules/{name}/run")]
async fn run(
    state: web::Data<State>,
    caller: Caller,
    once: Once,
    name: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    once.answer(caller, async |context| {
        let job = state.app.schedules.run(&context, &name).await?;
        let location = format!("/api/v1/jobs/{}", job.uuid);
        Ok(Reply::accepted("the job is enqueued", JobBody::from(job)).location(&location))
    })
    .await
}

/// Let a schedule rest, on all workers from now on.
#[utoipa::path(
    operation_id = "pause_schedule", tag = "jobs", params(("name" = String, Path)),
    security(("bearer" = ["jobs:write"])), responses(
    (status = 200, description = "It rests", body = Envelope<ScheduleBody>),
    (status = 404, description = "No schedule has this name"),
))]
#[post("/api/v1/schedules/{name}/pause")]
async fn pause(
    state: web::Data<State>,
    caller: Caller,
    name: web::Path<String>,
) -> Result<Reply<ScheduleBody>, Failure> {
    let planned = state.app.schedules.pause(&caller.context(), &name).await?;
    Ok(Reply::ok("the schedule rests", planned.into()))
}

/// Let a schedule go on. What was due meanwhile is left out.
#[utoipa::path(
    operation_id = "resume_schedule", tag = "jobs", params(("name" = String, Path)),
    security(("bearer" = ["jobs:write"])), responses(
    (status = 200, description = "It goes on", body = Envelope<ScheduleBody>),
    (status = 404, description = "No schedule has this name"),
))]
#[post("/api/v1/schedules/{name}/resume")]
async fn resume(
    state: web::Data<State>,
    caller: Caller,
    name: web::Path<String>,
) -> Result<Reply<ScheduleBody>, Failure> {
    let planned = state.app.schedules.resume(&caller.context(), &name).await?;
    Ok(Reply::ok("the schedule goes on", planned.into()))
}
