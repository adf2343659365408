//! The relay's side: what may be published now, and what came of it.

use async_trait::async_trait;
use domain::Timestamp;
use ports::{Error, Kind, OutboxRelay, OutboxRow, Partition, Result, Setback, Unpublished};
use sea_orm::sea_query::{Alias, CaseStatement, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{DEAD, WAITING, event_of, partitions};
use crate::conn::{Conn, Link, Pools};
use crate::entity::outbox::{Column, Entity};
use crate::error::During;
use crate::paging::bounded;
use crate::text::storable;
use crate::wakeups::Wake;

/// [`OutboxRelay`] over the outbox table.
pub(crate) struct DbRelay {
    pub(crate) conn: Conn<Pools>,
    pub(crate) wake: Wake,
}

#[async_trait]
impl OutboxRelay for DbRelay {
    async fn share(&self, holder: Uuid) -> Result<Vec<Partition>> {
        partitions::share(self.conn.0.write().plain(), holder).await
    }

    /// Reads where it writes, so that it never sees less than has been settled.
    async fn take(&self, mine: &[Partition], limit: u64, now: Timestamp) -> Result<Vec<OutboxRow>> {
        const OPERATION: &str = "outbox.take";
        if mine.is_empty() {
            return Ok(Vec::new());
        }
        let due = Condition::any().add(Column::DueAt.is_null()).add(Column::DueAt.lte(now));
        let query = Entity::find()
            .filter(Column::Status.eq(WAITING))
            .filter(Column::PartitionNo.in_subquery(partitions::still(mine)))
            .filter(due)
            .filter(Expr::exists(waiting_before(now)).not())
            .order_by_asc(Column::Id)
            .limit(bounded(limit));
        let rows = query.all(self.conn.0.write()).await.during(OPERATION)?;
        let row_of = |row: crate::entity::outbox::Model| {
            let event = event_of(&row.event, OPERATION)?;
            Ok(OutboxRow { id: row.id, refusals: row.refusals, event })
        };
        rows.into_iter().map(row_of).collect()
    }

    async fn published(&self, mine: &[Partition], ids: &[i64]) -> Result<()> {
        const OPERATION: &str = "outbox.published";
        let delete = Entity::delete_many()
            .filter(Column::Id.is_in(ids.iter().copied()))
            .filter(Column::PartitionNo.in_subquery(partitions::still(mine)));
        let done = delete.exec(self.conn.0.write()).await.during(OPERATION)?;
        all_of(ids.len(), done.rows_affected, OPERATION)
    }

    async fn unpublished(&self, mine: &[Partition], rows: &[Unpublished], now: Timestamp) -> Result<()> {
        const OPERATION: &str = "outbox.unpublished";
        let refused = |row: &Unpublished| i32::from(!matches!(row.setback, Setback::Away { .. }));
        let until = |row: &Unpublished| match row.setback {
            Setback::Away { until } | Setback::Refused { until } => Some(until),
            Setback::Dead => None,
        };
        let dead = |row: &Unpublished| row.setback == Setback::Dead;
        let status = |row: &Unpublished| Expr::val(if dead(row) { DEAD } else { WAITING });
        let change = Entity::update_many()
            .col_expr(
                Column::Refusals,
                each(rows, Column::Refusals, |row| Expr::col(Column::Refusals).add(refused(row))),
            )
            .col_expr(Column::DueAt, each(rows, Column::DueAt, |row| Expr::val(until(row))))
            .col_expr(Column::Status, each(rows, Column::Status, status))
            .col_expr(Column::DiedAt, each(rows, Column::DiedAt, |row| Expr::val(dead(row).then_some(now))))
            .col_expr(Column::EventId, each(rows, Column::EventId, |row| Expr::val(row.event)))
            .col_expr(
                Column::LastError,
                each(rows, Column::LastError, |row| Expr::val(storable(&row.reason).into_owned())),
            )
            .filter(Column::Id.is_in(rows.iter().map(|row| row.id)))
            .filter(Column::PartitionNo.in_subquery(partitions::still(mine)));
        let done = change.exec(self.conn.0.write()).await.during(OPERATION)?;
        all_of(rows.len(), done.rows_affected, OPERATION)
    }

    async fn rescue(&self, holder: Uuid) -> Result<u64> {
        let freed = partitions::rescue(self.conn.0.write().plain(), holder).await?;
        if freed > 0 {
            self.wake.everybody(self.conn.0.write().plain()).await;
        }
        Ok(freed)
    }
}

/// An older event of the same subject that has to go first and can't go now: it is not due, or lies in another
/// partition, because it was written when there were others.
fn waiting_before(now: Timestamp) -> SelectStatement {
    let earlier = || Alias::new("earlier");
    let its = |column: Column| Expr::col((earlier(), column));
    let own = |column: Column| Expr::col((Entity, column));
    let held = Condition::any()
        .add(its(Column::DueAt).gt(now))
        .add(its(Column::PartitionNo).ne(own(Column::PartitionNo)));
    Query::select()
        .expr(Expr::val(1))
        .from_as(Entity, earlier())
        .and_where(its(Column::Subject).eq(own(Column::Subject)))
        .and_where(its(Column::Status).eq(WAITING))
        .and_where(its(Column::Id).lt(own(Column::Id)))
        .cond_where(held)
        .to_owned()
}

/// A value per row, for one statement over all of them.
fn each(rows: &[Unpublished], column: Column, value: impl Fn(&Unpublished) -> Expr) -> Expr {
    let cases =
        rows.iter().fold(CaseStatement::new(), |cases, row| cases.case(Column::Id.eq(row.id), value(row)));
    cases.finally(Expr::col(column)).into()
}

fn all_of(rows: usize, affected: u64, operation: &'static str) -> Result<()> {
    if u64::try_from(rows) == Ok(affected) { Ok(()) } else { Err(Error::new(Kind::Precondition, operation)) }
}
