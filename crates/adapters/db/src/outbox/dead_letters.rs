//! Looking at the outbox.

use async_trait::async_trait;
use domain::Timestamp;
use ports::{DeadLetter, OutboxDepth, OutboxQueries, Page, PageOf, Result};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};

use super::{DEAD, WAITING, event_of};
use crate::conn::{Conn, Link};
use crate::entity::outbox::{Column, Entity};
use crate::error::During;
use crate::paging::{Listed, page};

#[derive(FromQueryResult)]
struct Count {
    status: String,
    rows: i64,
    oldest: Option<Timestamp>,
}

#[async_trait]
impl<L: Link> OutboxQueries for Conn<L> {
    async fn depth(&self) -> Result<OutboxDepth> {
        let counts = Entity::find()
            .select_only()
            .column(Column::Status)
            .column_as(Column::Id.count(), "rows")
            .column_as(Column::CreatedAt.min(), "oldest")
            .group_by(Column::Status)
            .into_model::<Count>()
            .all(self.0.read())
            .await
            .during("outbox.depth")?;
        let of = |status: &str| counts.iter().find(|count| count.status == status);
        let rows = |status: &str| of(status).map_or(0, |count| count.rows.unsigned_abs());
        Ok(OutboxDepth {
            waiting: rows(WAITING),
            oldest: of(WAITING).and_then(|count| count.oldest),
            dead: rows(DEAD),
        })
    }

    async fn dead_letters(&self, at: &Page) -> Result<PageOf<DeadLetter>> {
        const OPERATION: &str = "outbox.dead_letters";
        let query = Entity::find().filter(Column::Status.eq(DEAD));
        let found = page(query, at, self.0.read(), OPERATION).await?;
        found.try_map(|row| {
            Ok(DeadLetter {
                id: row.id,
                event: event_of(&row.event, OPERATION)?,
                refusals: row.refusals,
                reason: row.last_error,
                died_at: row.died_at,
            })
        })
    }
}

impl Listed for Entity {
    const ID: Column = Column::Id;

    fn sort_column(field: &str) -> Option<Column> {
        (field == "createdAt").then_some(Column::Id)
    }
}
