//! What is in the queues, each count by an index of its own.

use std::collections::BTreeMap;

use domain::Timestamp;
use ports::{QueueState, Result};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter};

use crate::dialect::{Dialect, statement};
use crate::entity::job_queues;
use crate::error::During;

const OPERATION: &str = "jobs.queues";

#[derive(FromQueryResult)]
struct Waiting {
    queue: String,
    failed: i64,
    due: i64,
    jobs: i64,
    oldest: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct Ended {
    queue: String,
    status: String,
    jobs: i64,
}

/// [`ports::JobQueries::queues`].
pub(super) async fn states(
    on: &impl ConnectionTrait,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<QueueState>> {
    let mut all = BTreeMap::<String, QueueState>::new();
    for row in waiting(on, now).await? {
        let state = named(&mut all, row.queue);
        let number = i64::unsigned_abs;
        state.due += number(row.due);
        state.scheduled += number(row.jobs - row.due);
        state.failed += number(row.failed);
        state.oldest = row.oldest;
    }
    for row in ended(on, since).await? {
        let state = named(&mut all, row.queue);
        let jobs = row.jobs.unsigned_abs();
        match row.status.as_str() {
            "running" => state.running = jobs,
            "dead" => state.dead = jobs,
            _ => state.succeeded = jobs,
        }
    }
    let resting = job_queues::Entity::find().filter(job_queues::Column::PausedAt.is_not_null());
    for row in resting.all(on).await.during(OPERATION)? {
        named(&mut all, row.name).paused_at = row.paused_at;
    }
    Ok(all.into_values().collect())
}

fn named(all: &mut BTreeMap<String, QueueState>, name: String) -> &mut QueueState {
    all.entry(name).or_insert_with_key(|name| QueueState { name: name.clone(), ..QueueState::default() })
}

/// The one statement that reads every row of what it counts: those that wait.
async fn waiting(on: &impl ConnectionTrait, now: Timestamp) -> Result<Vec<Waiting>> {
    let whole = Dialect::of(on).whole_number();
    let sql = format!(
        "SELECT queue, COUNT(*) AS jobs,
                CAST(SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END) AS {whole}) AS failed,
                CAST(SUM(CASE WHEN run_at <= $1 THEN 1 ELSE 0 END) AS {whole}) AS due,
                MIN(CASE WHEN run_at <= $1 THEN run_at END) AS oldest
         FROM jobs WHERE {} GROUP BY queue",
        Dialect::of(on).job_waits()
    );
    Waiting::find_by_statement(statement(on, &sql, [now.into()])).all(on).await.during(OPERATION)
}

/// The second list of states is the one of the index over ended jobs, which is not used otherwise.
async fn ended(on: &impl ConnectionTrait, since: Timestamp) -> Result<Vec<Ended>> {
    let sql = "SELECT queue, status, COUNT(*) AS jobs FROM jobs WHERE status IN ('running', 'dead')
               GROUP BY queue, status
               UNION ALL
               SELECT queue, status, COUNT(*) AS jobs FROM jobs
               WHERE status IN ('succeeded', 'cancelled') AND finished_at >= $1 AND status = 'succeeded'
               GROUP BY queue, status";
    Ended::find_by_statement(statement(on, sql, [since.into()])).all(on).await.during(OPERATION)
}
