//! The job table: enqueueing and control inside a unit of work, leasing outside, looking at it.

mod attempts;
mod control;
mod gates;
mod leases;
mod queries;
mod queue;
mod queues;
pub(crate) mod turns;

use domain::{Job, JobStatus, Reason};
use ports::Result;

pub(crate) use self::leases::DbLeases;
use crate::entity::jobs::Model;
use crate::error::unreadable;

fn reason_of(text: &str, operation: &'static str) -> Result<Reason> {
    Reason::parse(text).map_err(|_| unreadable(operation, "reason"))
}

/// A stored job as the core knows it.
fn job_of(row: Model, operation: &'static str) -> Result<Job> {
    let json = |text: &str| serde_json::from_str(text).map_err(|_| unreadable(operation, "job's JSON"));
    Ok(Job {
        id: row.id,
        uuid: row.uuid,
        queue: row.queue,
        kind: row.kind,
        payload: json(&row.payload)?,
        status: JobStatus::parse(&row.status).map_err(|_| unreadable(operation, "job status"))?,
        attempt: row.attempt,
        max_attempts: row.max_attempts,
        run_at: row.run_at,
        created_at: row.created_at,
        started_at: row.started_at,
        finished_at: row.finished_at,
        progress: row.progress,
        result: row.result.as_deref().map(json).transpose()?,
        last_error: row.last_error,
        last_reason: row.last_reason.map(|text| reason_of(&text, operation)).transpose()?,
        cancel_requested_at: row.cancel_requested_at,
        lease_token: row.lease_token,
        traceparent: row.traceparent,
    })
}
