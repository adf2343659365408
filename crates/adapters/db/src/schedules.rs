//! How far each schedule is.

use async_trait::async_trait;
use domain::{ScheduleState, Timestamp};
use ports::{Error, Kind, Result, ScheduleQueries, ScheduleRepo};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, UpdateMany, UpdateResult,
};
use uuid::Uuid;

use crate::conn::{Conn, Link, Work};
use crate::entity::schedules::{Column, Entity, Model};
use crate::error::During;

#[async_trait]
impl<L: Link> ScheduleQueries for Conn<L> {
    async fn all(&self) -> Result<Vec<ScheduleState>> {
        let rows = Entity::find().order_by_asc(Column::Name).all(self.0.read()).await;
        Ok(rows.during("schedules.all")?.into_iter().map(state_of).collect())
    }
}

#[async_trait]
impl ScheduleRepo for Conn<Work> {
    async fn note(&self, name: &str, since: Timestamp) -> Result<()> {
        let row = Model { name: name.to_owned(), last_tick: since, last_job: None, paused_at: None };
        let insert = Entity::insert(row.into_active_model()).on_conflict_do_nothing_on([Column::Name]);
        insert.exec_without_returning(self.0.write()).await.during("schedules.note").map(|_| ())
    }

    /// The row's lock makes of all who try one the first, and the others see its time.
    async fn take(&self, name: &str, tick: Timestamp, job: Uuid) -> Result<bool> {
        let later = Column::LastTick.lt(tick).and(Column::PausedAt.is_null());
        let take = of(name)
            .col_expr(Column::LastTick, Expr::val(tick))
            .col_expr(Column::LastJob, Expr::val(job))
            .filter(later);
        Ok(take.exec(self.0.write()).await.during("schedules.take")?.rows_affected > 0)
    }

    async fn pause(&self, name: &str, at: Timestamp) -> Result<()> {
        const OPERATION: &str = "schedules.pause";
        let rest = of(name).col_expr(Column::PausedAt, Expr::val(at)).filter(Column::PausedAt.is_null());
        let rested = rest.exec(self.0.write()).await.during(OPERATION)?;
        if rested.rows_affected > 0 {
            return Ok(());
        }
        let known = Entity::find_by_id(name).select_only().column(Column::Name).into_tuple::<String>();
        let known = known.one(self.0.read()).await.during(OPERATION)?;
        known.map(|_| ()).ok_or_else(|| Error::new(Kind::NotFound, OPERATION))
    }

    async fn resume(&self, name: &str, since: Timestamp) -> Result<()> {
        const OPERATION: &str = "schedules.resume";
        let go_on = of(name)
            .col_expr(Column::PausedAt, Expr::val(None::<Timestamp>))
            .col_expr(Column::LastTick, Expr::val(since));
        found(&go_on.exec(self.0.write()).await.during(OPERATION)?, OPERATION)
    }

    async fn ran(&self, name: &str, job: Uuid) -> Result<()> {
        const OPERATION: &str = "schedules.ran";
        let note = of(name).col_expr(Column::LastJob, Expr::val(job));
        found(&note.exec(self.0.write()).await.during(OPERATION)?, OPERATION)
    }
}

fn of(name: &str) -> UpdateMany<Entity> {
    Entity::update_many().filter(Column::Name.eq(name))
}

fn found(updated: &UpdateResult, operation: &'static str) -> Result<()> {
    if updated.rows_affected > 0 { Ok(()) } else { Err(Error::new(Kind::NotFound, operation)) }
}

fn state_of(row: Model) -> ScheduleState {
    ScheduleState {
        name: row.name,
        last_tick: row.last_tick,
        last_job: row.last_job,
        paused_at: row.paused_at,
    }
}
