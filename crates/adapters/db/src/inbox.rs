//! Which events a consumer has dealt with.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::Timestamp;
use ports::{Inbox, Result};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::conn::{Conn, Link, Work};
use crate::dialect::count_up;
use crate::entity::inbox::{Column, Entity, Model};
use crate::entity::outbox;
use crate::error::During;
use crate::paging::bounded;

#[async_trait]
impl Inbox for Conn<Work> {
    /// Counts the tellings, because the count is what every engine tells apart from no change at all.
    async fn accept(&self, consumer: &str, event: Uuid, now: Timestamp) -> Result<bool> {
        let first = Model { consumer: consumer.to_owned(), event_id: event, handled_at: now, tellings: 1 };
        let stored = |column: Column| Expr::col((Entity, column));
        let key = [Column::Consumer, Column::EventId];
        let number = (Column::Tellings, stored(Column::Tellings).add(1));
        let unchanged = (Column::HandledAt, stored(Column::HandledAt));
        let told = count_up::<Entity>(self.0.write(), first, &key, number, unchanged).await;
        let told = told.during("inbox.accept")?.tellings;
        fail::fail_point!("inbox.after-accept", |_| std::process::abort());
        Ok(told == 1)
    }

    /// One statement per consumer, of which there are few: not every engine compares pairs with a list.
    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64> {
        const OPERATION: &str = "inbox.purge";
        let told_again = Query::select()
            .expr(Expr::val(1))
            .from(outbox::Entity)
            .and_where(
                Expr::col((outbox::Entity, outbox::Column::EventId)).eq(Expr::col((Entity, Column::EventId))),
            )
            .to_owned();
        let old = Entity::find()
            .filter(Column::HandledAt.lt(before))
            .filter(Expr::exists(told_again).not())
            .order_by_asc(Column::HandledAt)
            .limit(bounded(limit))
            .all(self.0.read())
            .await
            .during(OPERATION)?;
        let mut events: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
        for row in old {
            events.entry(row.consumer).or_default().push(row.event_id);
        }
        let mut removed = 0;
        for (consumer, events) in events {
            let delete = Entity::delete_many().filter(Column::Consumer.eq(consumer));
            let delete = delete.filter(Column::EventId.is_in(events));
            removed += delete.exec(self.0.write()).await.during(OPERATION)?.rows_affected;
        }
        Ok(removed)
    }
}
