//! Looking at jobs.

use async_trait::async_trait;
use domain::{Attempt, Job, Timestamp};
use ports::{Error, JobFilter, JobQueries, Kind, Page, PageOf, QueueState, Result};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, Select};
use uuid::Uuid;

use super::{attempts, job_of, queues};
use crate::conn::{Conn, Link};
use crate::entity::jobs::{Column, Entity};
use crate::error::During;
use crate::paging::{Listed, count, page};
use crate::text::storable;

#[async_trait]
impl<L: Link> JobQueries for Conn<L> {
    async fn by_uuid(&self, uuid: Uuid) -> Result<Job> {
        const OPERATION: &str = "jobs.by_uuid";
        let query = Entity::find().filter(Column::Uuid.eq(uuid));
        let row = query.one(self.0.read()).await.during(OPERATION)?;
        job_of(row.ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?, OPERATION)
    }

    async fn list(&self, filter: &JobFilter, at: &Page) -> Result<PageOf<Job>> {
        const OPERATION: &str = "jobs.list";
        let found = page(wanted(filter), at, self.0.read(), OPERATION).await?;
        found.try_map(|row| job_of(row, OPERATION))
    }

    async fn count(&self, filter: &JobFilter) -> Result<u64> {
        count(wanted(filter), self.0.read(), "jobs.count").await
    }

    async fn attempts(&self, uuid: Uuid) -> Result<Vec<Attempt>> {
        attempts::of(self.0.read(), uuid).await
    }

    async fn queues(&self, since: Timestamp, now: Timestamp) -> Result<Vec<QueueState>> {
        queues::states(self.0.read(), since, now).await
    }
}

impl Listed for Entity {
    const ID: Column = Column::Id;

    fn sort_column(field: &str) -> Option<Column> {
        (field == "createdAt").then_some(Column::Id)
    }
}

fn wanted(filter: &JobFilter) -> Select<Entity> {
    Entity::find().filter(fits(filter))
}

/// What a filter lets through.
pub(super) fn fits(filter: &JobFilter) -> Condition {
    let equals = |column: Column, value: &Option<String>| {
        value.as_deref().map(|value| column.eq(storable(value).into_owned()))
    };
    Condition::all()
        .add_option(filter.status.map(|status| Column::Status.eq(status.as_str())))
        .add_option(equals(Column::Queue, &filter.queue))
        .add_option(equals(Column::Kind, &filter.kind))
}
