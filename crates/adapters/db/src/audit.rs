//! The audit trail.

use async_trait::async_trait;
use domain::AuditEntry;
use ports::{AuditFilter, AuditQueries, AuditTrail, Page, PageOf, Result, SealedColumn};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, Select};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::conn::{Conn, Link, Work};
use crate::entity::audit_entries::{Column, Entity, Model};
use crate::error::{During, unreadable};
use crate::paging::{Listed, count, page};
use crate::person_keys::{self, Key};
use crate::text::storable;

#[async_trait]
impl AuditTrail for Conn<Work> {
    async fn append(&self, entry: &AuditEntry) -> Result<()> {
        let mut row = row_of(entry);
        if let Some((person, personal)) = sealed(&self.0, entry).await? {
            (row.ip, row.user_agent) = (None, None);
            (row.person, row.personal) = (Some(person), Some(personal));
        }
        let insert = Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("audit.append")?;
        Ok(())
    }
}

#[async_trait]
impl<L: Link> AuditQueries for Conn<L> {
    async fn list(&self, filter: &AuditFilter, at: &Page) -> Result<PageOf<AuditEntry>> {
        let found = page(wanted(filter), at, self.0.read(), "audit.list").await?;
        Ok(PageOf { rows: entries_of(&self.0, found.rows, "audit.list").await?, next: found.next })
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
        .add_option(filter.person.map(by_or_about))
        .add_option(equals(Column::Action, &filter.action))
        .add_option(equals(Column::Resource, &filter.resource))
        .add_option(filter.from.map(|from| Column::CreatedAt.gte(from)))
        .add_option(filter.to.map(|to| Column::CreatedAt.lt(to)));
    Entity::find().filter(wanted)
}

fn by_or_about(person: Uuid) -> Expr {
    Column::Actor.eq(person.to_string()).or(Column::Person.eq(person))
}

/// What an entry says of a person beyond what they did.
#[derive(Serialize, Deserialize)]
struct Personal {
    ip: Option<String>,
    user_agent: Option<String>,
}

/// Where it is kept. The name is part of what is encrypted.
const PERSONAL: SealedColumn = SealedColumn { table: "audit_entries", name: "personal", findable: false };

/// Whose it is, and what it says of them, under their key. Nothing when nobody is known, who has a key.
///
/// An anonymous entry costs the same whether or not it is about a user, whose time must not tell: the same statement, and
/// for nobody a key that nobody keeps.
async fn sealed(work: &Work, entry: &AuditEntry) -> Result<Option<(Uuid, Vec<u8>)>> {
    const OPERATION: &str = "audit.append";
    let (person, key) = match (entry.actor_kind.as_str(), entry.person()) {
        ("user", Some(person)) => (person, person_keys::of_actor(work, person, OPERATION).await?),
        ("anonymous", person) => {
            let person = person.unwrap_or_default();
            let key = person_keys::of(work, [person], OPERATION).await?.remove(&person);
            if key.is_none() {
                under(work, &person_keys::decoy(work, person)?, entry)?;
            }
            (person, key)
        }
        _ => return Ok(None),
    };
    let Some(key) = key else { return Ok(None) };
    Ok(Some((person, under(work, &key, entry)?)))
}

fn under(work: &Work, key: &Key, entry: &AuditEntry) -> Result<Vec<u8>> {
    let personal = Personal { ip: entry.ip.clone(), user_agent: entry.user_agent.clone() };
    let plain = serde_json::to_vec(&personal).map_err(|_| unreadable("audit.append", "entry"))?;
    work.cipher().seal_under(key, PERSONAL, entry.uuid, &Zeroizing::new(plain))
}

/// Entries as they can still be read: what was under a key that is gone is gone. One look for the keys of all.
pub(crate) async fn entries_of(
    link: &impl Link,
    rows: Vec<Model>,
    operation: &'static str,
) -> Result<Vec<AuditEntry>> {
    let keys = person_keys::of(link, rows.iter().filter_map(|row| row.person), operation).await?;
    let open = |row: Model| {
        let key = row.person.and_then(|person| keys.get(&person));
        let personal = match (key, &row.personal) {
            (Some(key), Some(personal)) => {
                let plain = link.cipher().open_under(key, PERSONAL, row.uuid, personal)?;
                Some(serde_json::from_slice(&plain).map_err(|_| unreadable(operation, "audit entry"))?)
            }
            _ => None,
        };
        let entry = entry_of(row);
        Ok(match personal {
            Some(Personal { ip, user_agent }) => AuditEntry { ip, user_agent, ..entry },
            None => entry,
        })
    };
    rows.into_iter().map(open).collect()
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
        person: None,
        personal: None,
    }
}

fn entry_of(row: Model) -> AuditEntry {
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
