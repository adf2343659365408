//! What operators do to jobs and queues, inside a unit of work. Each change is one statement that names the states it is
//! for, so that a worker which is faster is not overruled.

use async_trait::async_trait;
use domain::{JobStatus, Timestamp};
use ports::{Error, JobControl, JobFilter, JobQueries, Kind, Result};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, UpdateMany};
use uuid::Uuid;

use super::queries::fits;
use super::turns;
use crate::conn::{Conn, Link, Work};
use crate::dialect::{delete_some, update_some};
use crate::entity::job_queues;
use crate::entity::jobs::{Column, Entity};
use crate::error::During;

#[async_trait]
impl JobControl for Conn<Work> {
    async fn retry(&self, uuid: Uuid, now: Timestamp) -> Result<bool> {
        const OPERATION: &str = "jobs.retry";
        let again = anew(Entity::update_many(), now)
            .filter(Column::Uuid.eq(uuid))
            .filter(Column::Status.is_not_in(texts(&[JobStatus::Running, JobStatus::Succeeded])));
        let done = again.exec(self.0.write()).await.during(OPERATION)?;
        if done.rows_affected == 0 {
            return self.is_there(uuid, OPERATION).await.map(|()| false);
        }
        self.0.wake_on_commit();
        Ok(true)
    }

    async fn cancel(&self, uuid: Uuid, now: Timestamp) -> Result<bool> {
        const OPERATION: &str = "jobs.cancel";
        let waiting = Entity::update_many()
            .col_expr(Column::Status, Expr::val(JobStatus::Cancelled.as_str()))
            .col_expr(Column::FinishedAt, Expr::val(now))
            .filter(Column::Uuid.eq(uuid))
            .filter(Column::Status.is_in(texts(&[
                JobStatus::Scheduled,
                JobStatus::Queued,
                JobStatus::Failed,
            ])));
        if waiting.exec(self.0.write()).await.during(OPERATION)?.rows_affected > 0 {
            return Ok(true);
        }
        let running = Entity::update_many()
            .col_expr(Column::CancelRequestedAt, Expr::val(now))
            .filter(Column::Uuid.eq(uuid))
            .filter(Column::Status.eq(JobStatus::Running.as_str()));
        if running.exec(self.0.write()).await.during(OPERATION)?.rows_affected > 0 {
            // Its worker need not wait until it looks.
            self.0.wake_on_commit();
            return Ok(true);
        }
        self.is_there(uuid, OPERATION).await.map(|()| false)
    }

    async fn remove(&self, uuid: Uuid) -> Result<bool> {
        const OPERATION: &str = "jobs.remove";
        let remove = Entity::delete_many()
            .filter(Column::Uuid.eq(uuid))
            .filter(Column::Status.ne(JobStatus::Running.as_str()));
        if remove.exec(self.0.write()).await.during(OPERATION)?.rows_affected > 0 {
            return Ok(true);
        }
        self.is_there(uuid, OPERATION).await.map(|()| false)
    }

    async fn retry_some(&self, filter: &JobFilter, limit: u64, now: Timestamp) -> Result<u64> {
        let over = [JobStatus::Failed, JobStatus::Dead, JobStatus::Cancelled];
        let which = fits(filter).add(Column::Status.is_in(texts(&over)));
        let change = anew(Entity::update_many(), now);
        let done = update_some(self.0.write(), change, which, limit).await.during("jobs.retry_some")?;
        if done > 0 {
            self.0.wake_on_commit();
        }
        Ok(done)
    }

    async fn remove_some(&self, filter: &JobFilter, before: Timestamp, limit: u64) -> Result<u64> {
        let ended = [JobStatus::Succeeded, JobStatus::Dead, JobStatus::Cancelled];
        let which = fits(filter).add(Column::Status.is_in(texts(&ended))).add(Column::FinishedAt.lt(before));
        delete_some::<Entity>(self.0.write(), which.into(), limit).await.during("jobs.remove_some")
    }

    async fn pause(&self, queue: &str, at: Timestamp) -> Result<()> {
        const OPERATION: &str = "jobs.pause";
        let row = job_queues::Model { name: queue.to_owned(), paused_at: None };
        let known =
            OnConflict::column(job_queues::Column::Name).do_nothing_on([job_queues::Column::Name]).to_owned();
        let note = job_queues::Entity::insert(row.into_active_model()).on_conflict(known);
        note.exec_without_returning(self.0.write()).await.during(OPERATION)?;
        let rest = job_queues::Entity::update_many()
            .col_expr(job_queues::Column::PausedAt, Expr::val(at))
            .filter(job_queues::Column::Name.eq(queue))
            .filter(job_queues::Column::PausedAt.is_null());
        rest.exec(self.0.write()).await.during(OPERATION).map(|_| ())
    }

    async fn resume(&self, queue: &str) -> Result<()> {
        let go_on = job_queues::Entity::update_many()
            .col_expr(job_queues::Column::PausedAt, Expr::val(None::<Timestamp>))
            .filter(job_queues::Column::Name.eq(queue));
        if go_on.exec(self.0.write()).await.during("jobs.resume")?.rows_affected > 0 {
            self.0.wake_on_commit();
        }
        Ok(())
    }
}

impl Conn<Work> {
    async fn is_there(&self, uuid: Uuid, operation: &'static str) -> Result<()> {
        match self.by_uuid(uuid).await {
            Err(error) if error.kind() == Kind::NotFound => Err(Error::new(Kind::NotFound, operation)),
            other => other.map(|_| ()),
        }
    }
}

fn texts(statuses: &[JobStatus]) -> Vec<&'static str> {
    statuses.iter().map(|status| status.as_str()).collect()
}

/// As it was when it was written, but for its id, its token and its history.
fn anew(update: UpdateMany<Entity>, now: Timestamp) -> UpdateMany<Entity> {
    update
        .col_expr(Column::Status, Expr::val(JobStatus::Queued.as_str()))
        .col_expr(Column::Attempt, Expr::val(0))
        .col_expr(Column::RunAt, Expr::val(now))
        .col_expr(Column::Turn, Expr::val(turns::own(now)))
        .col_expr(Column::FinishedAt, Expr::val(None::<Timestamp>))
        .col_expr(Column::Progress, Expr::val(None::<i32>))
        .col_expr(Column::CancelRequestedAt, Expr::val(None::<Timestamp>))
}
