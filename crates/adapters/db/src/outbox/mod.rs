//! The outbox: written inside a unit of work (here), emptied by relays ([`relay`]) which share its [`partitions`].

mod dead_letters;
mod partitions;
mod relay;

use async_trait::async_trait;
use domain::{EventEnvelope, Timestamp};
use ports::{Error, Kind, Outbox, Result};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

pub(crate) use self::relay::DbRelay;
use crate::conn::{Conn, Link, Work};
use crate::dialect::delete_some;
use crate::entity::outbox::{Column, Entity, Model};
use crate::error::{During, unreadable};

const WAITING: &str = "waiting";
const DEAD: &str = "dead";

#[async_trait]
impl Outbox for Conn<Work> {
    async fn append(&self, id: i64, event: &EventEnvelope) -> Result<()> {
        const OPERATION: &str = "outbox.append";
        let text = serde_json::to_string(event).map_err(|e| Error::with(Kind::Internal, OPERATION, e))?;
        let row = Model {
            id,
            event: text,
            subject: event.subject.clone(),
            created_at: event.time,
            partition_no: partitions::of(&event.subject),
            event_id: Some(event.id),
            status: WAITING.to_owned(),
            refusals: 0,
            due_at: None,
            died_at: None,
            last_error: None,
        };
        let insert = Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during(OPERATION)?;
        self.0.wake_on_commit();
        fail::fail_point!("outbox.after-append", |_| std::process::abort());
        Ok(())
    }

    async fn revive(&self, event: Uuid) -> Result<()> {
        const OPERATION: &str = "outbox.revive";
        let revive = Entity::update_many()
            .col_expr(Column::Status, Expr::val(WAITING))
            .col_expr(Column::Refusals, Expr::val(0))
            .col_expr(Column::DueAt, Expr::val(None::<Timestamp>))
            .col_expr(Column::DiedAt, Expr::val(None::<Timestamp>))
            .filter(Column::EventId.eq(event))
            .filter(Column::Status.eq(DEAD));
        found(revive.exec(self.0.write()).await.during(OPERATION)?.rows_affected, OPERATION)?;
        self.0.wake_on_commit();
        Ok(())
    }

    async fn discard(&self, event: Uuid) -> Result<()> {
        const OPERATION: &str = "outbox.discard";
        let discard = Entity::delete_many().filter(Column::EventId.eq(event)).filter(Column::Status.eq(DEAD));
        found(discard.exec(self.0.write()).await.during(OPERATION)?.rows_affected, OPERATION)
    }

    async fn purge_dead(&self, before: Timestamp, limit: u64) -> Result<u64> {
        let old = Column::Status.eq(DEAD).and(Column::DiedAt.lt(before));
        delete_some::<Entity>(self.0.write(), old, limit).await.during("outbox.purge_dead")
    }
}

fn found(rows: u64, operation: &'static str) -> Result<()> {
    if rows == 0 { Err(Error::new(Kind::NotFound, operation)) } else { Ok(()) }
}

fn event_of(text: &str, operation: &'static str) -> Result<EventEnvelope> {
    serde_json::from_str(text).map_err(|_| unreadable(operation, "event"))
}
