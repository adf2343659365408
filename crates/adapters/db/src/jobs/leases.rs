//! Leasing jobs to workers, with fencing: each write names the lease token it was claimed under.

use async_trait::async_trait;
use domain::{Failure, Job, JobStatus, Timestamp};
use ports::{Claim, Error, JobLeases, Kind, Result};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, UpdateMany};
use serde_json::Value;
use uuid::Uuid;

use super::job_of;
use crate::conn::{Conn, Link, Pools};
use crate::dialect::{Dialect, Take, delete_some, take};
use crate::entity::jobs::{Column, Entity};
use crate::error::During;
use crate::text::storable;
use crate::wakeups::Wake;

/// [`JobLeases`] over the job table.
pub(crate) struct DbLeases {
    pub(crate) conn: Conn<Pools>,
    pub(crate) wake: Wake,
}

#[async_trait]
impl JobLeases for DbLeases {
    async fn claim(&self, claim: &Claim) -> Result<Vec<Job>> {
        const OPERATION: &str = "jobs.claim";
        let connection = self.conn.0.write().plain();
        let limit = i64::try_from(claim.limit).unwrap_or(i64::MAX);
        let next = format!(
            "SELECT id FROM jobs WHERE {} AND queue = $1 AND run_at <= $2
             ORDER BY priority, run_at, id LIMIT $3",
            Dialect::of(connection).job_waits()
        );
        let next = Take {
            table: "jobs",
            choose: &next,
            only: None,
            set: "status = 'running', attempt = attempt + 1, lease_owner = $4, lease_token = lease_token + 1,
                  started_at = $2, progress = NULL",
            values: vec![claim.queue.as_str().into(), claim.now.into(), limit.into(), claim.holder.into()],
            operation: OPERATION,
        };
        let mut rows = take::<Entity>(connection, next).await?;
        rows.sort_by_key(|row| (row.priority, row.run_at, row.id));
        rows.into_iter().map(|row| job_of(row, OPERATION)).collect()
    }

    async fn succeed(&self, job: &Job, result: &Value, now: Timestamp) -> Result<()> {
        let change = leased(job)
            .col_expr(Column::Status, Expr::val(JobStatus::Succeeded.as_str()))
            .col_expr(Column::Result, Expr::val(result.to_string()))
            .col_expr(Column::FinishedAt, Expr::val(now))
            .col_expr(Column::LeaseOwner, Expr::val(None::<Uuid>));
        self.under_lease(change, "jobs.succeed").await
    }

    async fn fail(&self, job: &Job, error: &str, then: Failure, now: Timestamp) -> Result<()> {
        let change = leased(job)
            .col_expr(Column::LastError, Expr::val(storable(error).into_owned()))
            .col_expr(Column::LeaseOwner, Expr::val(None::<Uuid>));
        let change = match then {
            Failure::Retry { at } => change
                .col_expr(Column::Status, Expr::val(JobStatus::Failed.as_str()))
                .col_expr(Column::RunAt, Expr::val(at)),
            Failure::Dead => change
                .col_expr(Column::Status, Expr::val(JobStatus::Dead.as_str()))
                .col_expr(Column::FinishedAt, Expr::val(now)),
        };
        self.under_lease(change, "jobs.fail").await
    }

    async fn progress(&self, job: &Job, percent: i32) -> Result<()> {
        self.under_lease(leased(job).col_expr(Column::Progress, Expr::val(percent)), "jobs.progress").await
    }

    /// One statement; it raises the token, so that the fallen holder is refused should it stir again.
    async fn rescue(&self, holder: Uuid, keep: &[i64], now: Timestamp) -> Result<u64> {
        let spent = || Expr::col(Column::Attempt).gte(Expr::col(Column::MaxAttempts));
        let either = |dead: Expr, living: Expr| Expr::case(spent(), dead).finally(living).into();
        let status = |status: JobStatus| Expr::val(status.as_str());
        let done = Entity::update_many()
            .col_expr(Column::Status, either(status(JobStatus::Dead), status(JobStatus::Queued)))
            .col_expr(Column::FinishedAt, either(Expr::val(now), Expr::col(Column::FinishedAt)))
            .col_expr(Column::RunAt, either(Expr::col(Column::RunAt), Expr::val(now)))
            .col_expr(Column::LastError, Expr::val("worker lost"))
            .col_expr(Column::LeaseOwner, Expr::val(None::<Uuid>))
            .col_expr(Column::LeaseToken, Expr::col(Column::LeaseToken).add(1))
            .filter(Column::LeaseOwner.eq(holder))
            .filter(Column::Id.is_not_in(keep.iter().copied()))
            .filter(Expr::cust("status = 'running'"))
            .exec(self.conn.0.write())
            .await
            .during("jobs.rescue")?;
        if done.rows_affected > 0 {
            self.wake.everybody(self.conn.0.write().plain()).await;
        }
        Ok(done.rows_affected)
    }

    async fn release(&self, job: &Job) -> Result<()> {
        let change = leased(job)
            .col_expr(Column::Status, Expr::val(JobStatus::Queued.as_str()))
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

impl DbLeases {
    async fn under_lease(&self, change: UpdateMany<Entity>, operation: &'static str) -> Result<()> {
        let done = change.exec(self.conn.0.write()).await.during(operation)?;
        if done.rows_affected == 0 { Err(Error::new(Kind::Precondition, operation)) } else { Ok(()) }
    }
}
