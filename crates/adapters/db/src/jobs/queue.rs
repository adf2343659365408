//! Enqueueing, inside a unit of work.

use async_trait::async_trait;
use domain::NewJob;
use ports::{JobQueue, Result};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::turns;
use crate::conn::{Conn, Link, Work};
use crate::dialect::has_written;
use crate::entity::jobs::{Column, Entity, Model};
use crate::error::During;

#[async_trait]
impl JobQueue for Conn<Work> {
    async fn enqueue(&self, job: &NewJob) -> Result<bool> {
        const OPERATION: &str = "jobs.enqueue";
        let turn = turns::of(self.0.write(), job).await.during(OPERATION)?;
        let insert = Entity::insert(row_of(job, turn).into_active_model());
        let written = if job.unique_key.is_none() {
            insert.exec_without_returning(self.0.write()).await.during(OPERATION)?;
            true
        } else {
            let over = Entity::update_many()
                .col_expr(Column::UniqueKey, Expr::val(None::<String>))
                .filter(Column::UniqueKey.eq(job.unique_key.as_deref()))
                .filter(Column::UniqueUntil.lte(job.created_at));
            over.exec(self.0.write()).await.during(OPERATION)?;
            let same_key = OnConflict::column(Column::UniqueKey)
                .target_and_where(Expr::col(Column::UniqueKey).is_not_null())
                .do_nothing_on([Column::Id])
                .to_owned();
            let affected = insert.on_conflict(same_key).exec_without_returning(self.0.write()).await;
            let affected = affected.during(OPERATION)?;
            has_written::<Entity>(self.0.write(), affected, job.id).await.during(OPERATION)?
        };
        if written {
            self.0.wake_on_commit();
        }
        fail::fail_point!("jobs.after-enqueue", |_| std::process::abort());
        Ok(written)
    }
}

fn row_of(job: &NewJob, turn: i64) -> Model {
    Model {
        id: job.id,
        uuid: job.uuid,
        created_at: job.created_at,
        queue: job.queue.clone(),
        kind: job.kind.clone(),
        payload: job.payload.to_string(),
        status: job.status().as_str().to_owned(),
        priority: job.priority,
        attempt: 0,
        max_attempts: job.max_attempts,
        run_at: job.run_at,
        started_at: None,
        finished_at: None,
        progress: None,
        result: None,
        last_error: None,
        last_reason: None,
        cancel_requested_at: None,
        lease_token: 0,
        lease_owner: None,
        unique_key: job.unique_key.clone(),
        unique_until: job.unique_until,
        turn,
        lane: if job.limited { job.kind.clone() } else { String::new() },
        tenant_id: job.tenant_id,
        traceparent: job.traceparent.clone(),
    }
}
