//! When it is a job's turn, so that tenants take turns.
//!
//! A job's turn is the time it is due, but at least a step behind the turn of the tenant's last one that waits. Whatever
//! many jobs a tenant writes at once then lie between the jobs of all others instead of before them. Nothing is counted
//! and no row is shared, so that writers do not wait for each other; those that write at the same moment may get the same
//! turn.

use domain::{NewJob, Timestamp};
use sea_orm::{ConnectionTrait, DbErr};

use crate::dialect::{Dialect, statement};

/// Milliseconds from one turn of a tenant to its next. The longer, the less a tenant that comes later waits for one
/// with many; the longer also the last of the many wait while others keep all workers busy.
const STEP: i64 = 1000;
/// Turns are put off by so many milliseconds at most. It also keeps jobs that are due another day from putting off those
/// of today.
const FURTHEST: i64 = 24 * 60 * 60 * 1000;

/// The turn of a job that nobody has to wait for.
pub(crate) fn own(run_at: Timestamp) -> i64 {
    run_at.timestamp_millis()
}

/// The turn of a new job.
pub(super) async fn of(on: &impl ConnectionTrait, job: &NewJob) -> Result<i64, DbErr> {
    let (own, Some(tenant)) = (own(job.run_at), job.tenant_id) else { return Ok(own(job.run_at)) };
    let end = own + FURTHEST;
    let sql = format!(
        "SELECT MAX(turn) FROM jobs WHERE {} AND queue = $1 AND tenant_id = $2 AND turn >= $3 AND turn <= $4",
        Dialect::of(on).job_waits()
    );
    let values = [job.queue.as_str().into(), tenant.into(), own.into(), end.into()];
    let row = on.query_one_raw(statement(on, &sql, values)).await?;
    let last: Option<i64> = row.map(|row| row.try_get_by(0)).transpose()?.flatten();
    Ok(last.map_or(own, |last| (last + STEP).min(end)))
}
