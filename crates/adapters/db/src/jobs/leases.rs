//! Leasing jobs to workers, with fencing: each write names the lease token it was claimed under.

use async_trait::async_trait;
use domain::{Failure, Job, JobStatus, Reason, Timestamp, Trouble};
use ports::{Claim, Error, JobLeases, Kind, Limited, Result};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement, UpdateMany,
};
use serde_json::Value;
use uuid::Uuid;

use super::{attempts, gates, job_of, turns};
use crate::conn::{Conn, Link, Pools, begin};
use crate::dialect::{Dialect, Take, delete_some, take, take_in};
use crate::entity::jobs::{Column, Entity, Model};
use crate::error::During;
use crate::text::storable;
use crate::wakeups::Wake;

/// [`JobLeases`] over the job table.
pub(crate) struct DbLeases {
    pub(crate) conn: Conn<Pools>,
    pub(crate) wake: Wake,
}

const CLAIM: &str = "jobs.claim";

/// The jobs that are next.
fn next(dialect: Dialect) -> String {
    format!(
        "SELECT id FROM jobs WHERE {} AND queue = $1 AND lane = $4 AND run_at <= $2
           AND NOT EXISTS (SELECT 1 FROM job_queues WHERE name = $1 AND paused_at IS NOT NULL)
         ORDER BY priority, turn, run_at, id LIMIT $3",
        dialect.job_waits()
    )
}

fn due<'a>(next: &'a str, claim: &Claim, lane: &str, limit: u64) -> Take<'a> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Take {
        table: "jobs",
        choose: next,
        only: None,
        set: "status = 'running', attempt = attempt + 1, lease_owner = $5, lease_token = lease_token + 1,
              started_at = $2, progress = NULL",
        values: vec![
            claim.queue.as_str().into(),
            claim.now.into(),
            limit.into(),
            lane.into(),
            claim.holder.into(),
        ],
        operation: CLAIM,
    }
}

#[async_trait]
impl JobLeases for DbLeases {
    async fn claim(&self, claim: &Claim) -> Result<Vec<Job>> {
        let connection = self.conn.0.write().plain();
        let next = next(Dialect::of(connection));
        let mut rows = match &claim.limited {
            None => take::<Entity>(connection, due(&next, claim, "", claim.limit)).await?,
            Some(limited) => self.claim_limited(&next, claim, limited).await?,
        };
        rows.sort_by_key(|row| (row.priority, row.turn, row.run_at, row.id));
        rows.into_iter().map(|row| job_of(row, CLAIM)).collect()
    }

    async fn succeed(&self, job: &Job, result: &Value, now: Timestamp) -> Result<()> {
        let change = leased(job)
            .col_expr(Column::Status, Expr::val(JobStatus::Succeeded.as_str()))
            .col_expr(Column::Result, Expr::val(result.to_string()))
            .col_expr(Column::FinishedAt, Expr::val(now))
            .col_expr(Column::LeaseOwner, Expr::val(None::<Uuid>));
        self.under_lease(change, "jobs.succeed").await
    }

    async fn fail(&self, job: &Job, trouble: &Trouble, then: Failure, now: Timestamp) -> Result<()> {
        const OPERATION: &str = "jobs.fail";
        let change = troubled(leased(job), trouble);
        let change = match then {
            Failure::Retry { at } => change
                .col_expr(Column::Status, unless_to_stop(Expr::val(JobStatus::Failed.as_str())))
                .col_expr(Column::FinishedAt, if_to_stop(now))
                .col_expr(Column::RunAt, Expr::val(at))
                .col_expr(Column::Turn, Expr::val(turns::own(at))),
            Failure::Dead => change
                .col_expr(Column::Status, Expr::val(JobStatus::Dead.as_str()))
                .col_expr(Column::FinishedAt, Expr::val(now)),
            Failure::Cancelled => change
                .col_expr(Column::Status, Expr::val(JobStatus::Cancelled.as_str()))
                .col_expr(Column::FinishedAt, Expr::val(now)),
        };
        let work = begin(self.conn.0.write().plain(), OPERATION).await?;
        changed(&work, change, OPERATION).await?;
        attempts::note(&work, job, trouble, now).await.during(OPERATION)?;
        work.commit().await.during(OPERATION)
    }

    async fn to_stop(&self, holder: Uuid) -> Result<Vec<i64>> {
        let ids = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::LeaseOwner.eq(holder))
            .filter(Expr::cust("status = 'running'"))
            .filter(Column::CancelRequestedAt.is_not_null());
        ids.into_tuple().all(self.conn.0.write()).await.during("jobs.to_stop")
    }

    async fn progress(&self, job: &Job, percent: i32) -> Result<()> {
        self.under_lease(leased(job).col_expr(Column::Progress, Expr::val(percent)), "jobs.progress").await
    }

    /// It raises the token, so that the fallen holder is refused should it stir again.
    async fn rescue(&self, holder: Uuid, keep: &[i64], now: Timestamp) -> Result<u64> {
        const OPERATION: &str = "jobs.rescue";
        let work = begin(self.conn.0.write().plain(), OPERATION).await?;
        let lost = Entity::find()
            .filter(Column::LeaseOwner.eq(holder))
            .filter(Column::Id.is_not_in(keep.iter().copied()))
            .filter(Expr::cust("status = 'running'"))
            .order_by_asc(Column::Id)
            .lock_exclusive();
        let lost = lost.all(&work).await.during(OPERATION)?;
        if lost.is_empty() {
            work.rollback().await.during(OPERATION)?;
            return Ok(0);
        }
        let trouble = Trouble::new(Reason::WorkerLost, "worker lost");
        let lines = lost
            .iter()
            .map(|row| attempts::row((row.id, row.lease_token), row.attempt, row.started_at, &trouble, now));
        attempts::note_all(&work, lines).await.during(OPERATION)?;
        let spent = || Expr::col(Column::Attempt).gte(Expr::col(Column::MaxAttempts));
        let either = |dead: Expr, living: Expr| -> Expr { Expr::case(spent(), dead).finally(living).into() };
        let status = |status: JobStatus| Expr::val(status.as_str());
        let ended = either(Expr::val(now), Expr::col(Column::FinishedAt));
        let back = troubled(Entity::update_many(), &trouble)
            .col_expr(
                Column::Status,
                unless_to_stop(either(status(JobStatus::Dead), status(JobStatus::Queued))),
            )
            .col_expr(Column::FinishedAt, Expr::case(is_to_stop(), Expr::val(now)).finally(ended).into())
            .col_expr(Column::RunAt, either(Expr::col(Column::RunAt), Expr::val(now)))
            .col_expr(Column::LeaseToken, Expr::col(Column::LeaseToken).add(1))
            .filter(Column::Id.is_in(lost.iter().map(|row| row.id)));
        let back = back.exec(&work).await.during(OPERATION)?.rows_affected;
        work.commit().await.during(OPERATION)?;
        self.wake.everybody(self.conn.0.write().plain()).await;
        Ok(back)
    }

    async fn release(&self, job: &Job, now: Timestamp) -> Result<()> {
        let change = leased(job)
            .col_expr(Column::Status, unless_to_stop(Expr::val(JobStatus::Queued.as_str())))
            .col_expr(Column::FinishedAt, if_to_stop(now))
            .col_expr(Column::Attempt, Expr::col(Column::Attempt).sub(1))
            .col_expr(Column::LeaseOwner, Expr::val(None::<Uuid>));
        self.under_lease(change, "jobs.release").await?;
        self.wake.everybody(self.conn.0.write().plain()).await;
        Ok(())
    }

    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64> {
        let over = Expr::cust("status IN ('succeeded', 'cancelled')").and(Column::FinishedAt.lt(before));
        delete_some::<Entity>(self.conn.0.write(), over, limit).await.during("jobs.purge")
    }
}

/// The row of a job, as long as the lease it was claimed under still stands.
fn leased(job: &Job) -> UpdateMany<Entity> {
    Entity::update_many()
        .filter(Column::Id.eq(job.id))
        .filter(Column::LeaseToken.eq(job.lease_token))
        .filter(Column::Status.eq(JobStatus::Running.as_str()))
}

/// What is noted of a try that came to nothing.
fn troubled(change: UpdateMany<Entity>, trouble: &Trouble) -> UpdateMany<Entity> {
    change
        .col_expr(Column::LastError, Expr::val(storable(&trouble.error).into_owned()))
        .col_expr(Column::LastReason, Expr::val(trouble.reason.as_str()))
        .col_expr(Column::LeaseOwner, Expr::val(None::<Uuid>))
}

fn is_to_stop() -> Expr {
    Column::CancelRequestedAt.is_not_null()
}

/// The status of a job that is given up by its worker.
fn unless_to_stop(status: Expr) -> Expr {
    Expr::case(is_to_stop(), Expr::val(JobStatus::Cancelled.as_str())).finally(status).into()
}

/// When it ended, if that was its end.
fn if_to_stop(now: Timestamp) -> Expr {
    Expr::case(is_to_stop(), Expr::val(now)).finally(Expr::col(Column::FinishedAt)).into()
}

/// Runs a change that has to meet a row.
async fn changed(
    on: &impl ConnectionTrait,
    change: UpdateMany<Entity>,
    operation: &'static str,
) -> Result<()> {
    let done = change.exec(on).await.during(operation)?;
    if done.rows_affected == 0 { Err(Error::new(Kind::Precondition, operation)) } else { Ok(()) }
}

impl DbLeases {
    /// Nobody's gate is held where nothing waits.
    async fn claim_limited(&self, next: &str, claim: &Claim, limited: &Limited) -> Result<Vec<Model>> {
        let pool = self.conn.0.write();
        // Who asks is of no interest yet.
        let mut asked = due(next, claim, &limited.kind, 1).values;
        asked.pop();
        let (sql, values) = Dialect::of(pool.plain()).numbered(next, asked);
        let first = Statement::from_sql_and_values(pool.get_database_backend(), sql, values);
        if pool.query_one_raw(first).await.during(CLAIM)?.is_none() {
            return Ok(Vec::new());
        }
        let work = begin(pool.plain(), CLAIM).await?;
        let gate = gates::hold(&work, limited, claim).await?;
        if gate.open == 0 {
            work.rollback().await.during(CLAIM)?;
            return Ok(Vec::new());
        }
        let rows = take_in::<Entity>(&work, due(next, claim, &limited.kind, gate.open)).await?;
        gate.passed(&work, rows.len()).await?;
        work.commit().await.during(CLAIM)?;
        Ok(rows)
    }

    async fn under_lease(&self, change: UpdateMany<Entity>, operation: &'static str) -> Result<()> {
        changed(self.conn.0.write(), change, operation).await
    }
}
