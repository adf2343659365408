//! The audit trail.

use async_trait::async_trait;
use domain::AuditEntry;
use ports::{AuditFilter, AuditQueries, AuditTrail, Page, PageOf, Result};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, Select};

use crate::conn::{Conn, Link, Work};
use crate::entity::audit_entries::{Column, Entity, Model};
use crate::error::During;
use crate::paging::{Listed, count, page};
use crate::text::storable;

#[async_trait]
impl AuditTrail for Conn<Work> {
    async fn append(&self, entry: &AuditEntry) -> Result<()> {
        let insert = Entity::insert(row_of(entry).into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("audit.append")?;
        Ok(())
    }
}

#[async_trait]
impl<L: Link> AuditQueries for Conn<L> {
    async fn list(&self, filter: &AuditFilter, at: &Page) -> Result<PageOf<AuditEntry>> {
        let found = page(wanted(filter), at, self.0.read(), "audit.list").await?;
        found.try_map(|row| Ok(entry_of(row)))
    }

    async fn count(&self, filter: &AuditFilter) -> Result<u64> {
        count(wanted(filter), self.0.read(), "audit.count").await
    }
}

impl Listed for Entity {
    const ID: Column = Column::Id;

    fn sort_column(field: &str) -> Option<Column> {
        (field == "createdAt").then_some(Column::Id)
    }
}

fn wanted(filter: &AuditFilter) -> Select<Entity> {
    let equals = |column: Column, value: &Option<String>| {
        value.as_deref().map(|value| column.eq(storable(value).into_owned()))
    };
    let wanted = Condition::all()
        .add_option(equals(Column::Actor, &filter.actor))
        .add_option(equals(Column::Action, &filter.action))
        .add_option(equals(Column::Resource, &filter.resource))
        .add_option(filter.from.map(|from| Column::CreatedAt.gte(from)))
        .add_option(filter.to.map(|to| Column::CreatedAt.lt(to)));
    Entity::find().filter(wanted)
}

/// What callers sent about themselves must not be able to stop the entry from being written.
pub(crate) fn row_of(entry: &AuditEntry) -> Model {
    let foreign = |text: &Option<String>| text.as_deref().map(|text| storable(text).into_owned());
    Model {
        id: entry.id,
        uuid: entry.uuid,
        created_at: entry.created_at,
        tenant_id: entry.tenant_id,
        actor_kind: entry.actor_kind.clone(),
        actor: entry.actor.clone(),
        api_key: entry.api_key,
        action: entry.action.clone(),
        resource: entry.resource.clone(),
        resource_id: foreign(&entry.resource_id),
        outcome: entry.outcome.clone(),
        reason: foreign(&entry.reason),
        ip: entry.ip.clone(),
        user_agent: foreign(&entry.user_agent),
        request_id: entry.request_id.clone(),
        trace_id: entry.trace_id.clone(),
    }
}

pub(crate) fn entry_of(row: Model) -> AuditEntry {
    AuditEntry {
        id: row.id,
        uuid: row.uuid,
        created_at: row.created_at,
        tenant_id: row.tenant_id,
        actor_kind: row.actor_kind,
        actor: row.actor,
        api_key: row.api_key,
        action: row.action,
        resource: row.resource,
        resource_id: row.resource_id,
        outcome: row.outcome,
        reason: row.reason,
        ip: row.ip,
        user_agent: row.user_agent,
        request_id: row.request_id,
        trace_id: row.trace_id,
    }
}
