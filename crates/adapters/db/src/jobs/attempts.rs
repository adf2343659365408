//! The history of a job: its tries that did not succeed.

use domain::{Attempt, Job, Timestamp, Trouble};
use ports::Result;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::reason_of;
use crate::entity::job_attempts::{Column, Entity, Model};
use crate::entity::jobs;
use crate::error::During;
use crate::text::storable;

/// Notes that the try under this lease came to nothing.
pub(super) async fn note(
    on: &impl ConnectionTrait,
    job: &Job,
    trouble: &Trouble,
    now: Timestamp,
) -> std::result::Result<(), DbErr> {
    let lease = (job.id, job.lease_token);
    note_all(on, [row(lease, job.attempt, job.started_at, trouble, now)]).await
}

/// The same for many.
pub(super) async fn note_all(
    on: &impl ConnectionTrait,
    rows: impl IntoIterator<Item = Model>,
) -> std::result::Result<(), DbErr> {
    let insert = Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model));
    insert.exec_without_returning(on).await.map(|_| ())
}

/// A line of the history.
pub(super) fn row(
    (job_id, lease_token): (i64, i64),
    attempt: i32,
    started_at: Option<Timestamp>,
    trouble: &Trouble,
    ended_at: Timestamp,
) -> Model {
    let (reason, error) = (trouble.reason.as_str().to_owned(), storable(&trouble.error).into_owned());
    Model { job_id, lease_token, attempt, started_at, ended_at, reason, error }
}

/// The history of a job.
pub(super) async fn of(on: &impl ConnectionTrait, uuid: Uuid) -> Result<Vec<Attempt>> {
    const OPERATION: &str = "jobs.attempts";
    let id = jobs::Entity::find().select_only().column(jobs::Column::Id);
    let id = id.filter(jobs::Column::Uuid.eq(uuid)).into_tuple::<i64>().one(on).await.during(OPERATION)?;
    let Some(id) = id else { return Ok(Vec::new()) };
    let rows = Entity::find().filter(Column::JobId.eq(id)).order_by_asc(Column::LeaseToken);
    let rows = rows.all(on).await.during(OPERATION)?;
    let attempt = |row: Model| {
        let trouble = Trouble { reason: reason_of(&row.reason, OPERATION)?, error: row.error };
        Ok(Attempt { number: row.attempt, started_at: row.started_at, ended_at: row.ended_at, trouble })
    };
    rows.into_iter().map(attempt).collect()
}
