//! The outbox: written inside a unit of work, emptied by the relay.

use async_trait::async_trait;
use domain::EventEnvelope;
use ports::{Error, Kind, Outbox, OutboxRelay, OutboxRow, Result};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use crate::conn::{Conn, Link, Pools, Work};
use crate::dialect::{Take, take};
use crate::entity::outbox::{Column, Entity, Model};
use crate::error::{During, unreadable};
use crate::wakeups::Wake;

#[async_trait]
impl Outbox for Conn<Work> {
    async fn append(&self, id: i64, event: &EventEnvelope) -> Result<()> {
        const OPERATION: &str = "outbox.append";
        let text = serde_json::to_string(event).map_err(|e| Error::with(Kind::Internal, OPERATION, e))?;
        let row =
            Model { id, event: text, subject: event.subject.clone(), holder: None, created_at: event.time };
        let insert = Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during(OPERATION)?;
        self.0.wake_on_commit();
        Ok(())
    }
}

/// [`OutboxRelay`] over the outbox table.
pub(crate) struct DbRelay {
    pub(crate) conn: Conn<Pools>,
    pub(crate) wake: Wake,
}

/// A row stays when an older one of its subject is in somebody's hands (held, or locked by another relay at
/// this moment): events of one subject are told in order even when several relays work.
fn oldest_of_its_subject(oldest: &str) -> String {
    format!(
        "NOT EXISTS (
           SELECT 1 FROM outbox earlier
           WHERE earlier.subject = outbox.subject AND earlier.id < outbox.id AND earlier.id NOT IN {oldest}
         )"
    )
}

#[async_trait]
impl OutboxRelay for DbRelay {
    async fn take(&self, holder: Uuid, limit: u64) -> Result<Vec<OutboxRow>> {
        const OPERATION: &str = "outbox.take";
        let oldest = Take {
            table: "outbox",
            choose: "SELECT id FROM outbox WHERE holder IS NULL ORDER BY id LIMIT $1",
            only: Some(&oldest_of_its_subject),
            set: "holder = $2",
            values: vec![i64::try_from(limit).unwrap_or(i64::MAX).into(), holder.into()],
            operation: OPERATION,
        };
        let mut rows = take::<Entity>(self.conn.0.write(), oldest).await?;
        rows.sort_by_key(|row| row.id);
        let event_of = |text: &str| serde_json::from_str(text).map_err(|_| unreadable(OPERATION, "event"));
        rows.into_iter().map(|row| Ok(OutboxRow { id: row.id, event: event_of(&row.event)? })).collect()
    }

    async fn published(&self, ids: &[i64]) -> Result<()> {
        let delete = Entity::delete_many().filter(Column::Id.is_in(ids.iter().copied()));
        delete.exec(self.conn.0.write()).await.during("outbox.published")?;
        Ok(())
    }

    async fn give_back(&self, ids: &[i64]) -> Result<()> {
        let free = Entity::update_many().col_expr(Column::Holder, Expr::val(None::<Uuid>));
        let free = free.filter(Column::Id.is_in(ids.iter().copied()));
        free.exec(self.conn.0.write()).await.during("outbox.give_back")?;
        Ok(())
    }

    async fn rescue(&self, holder: Uuid) -> Result<u64> {
        let free = Entity::update_many().col_expr(Column::Holder, Expr::val(None::<Uuid>));
        let free = free.filter(Column::Holder.eq(holder));
        let done = free.exec(self.conn.0.write()).await.during("outbox.rescue")?;
        if done.rows_affected > 0 {
            self.wake.everybody(self.conn.0.write()).await;
        }
        Ok(done.rows_affected)
    }
}
