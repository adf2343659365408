//! Everything that is stored about a person, and the exports of it.

pub(crate) mod parts;

use async_trait::async_trait;
use chrono::SecondsFormat;
use domain::{Export, Timestamp};
use ports::{Error, Kind, PersonalQueries, PersonalRepo, Result};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QueryResult, QuerySelect,
};
use serde_json::{Map, Value};
use uuid::Uuid;

use self::parts::{As, PARTS, Part};
use crate::conn::{Conn, Link, Work};
use crate::dialect::statement;
use crate::entity::exports::{Column, Entity, Model};
use crate::entity::users;
use crate::error::During;
use crate::paging::bounded;
use crate::reach::Reach;
use crate::sealed;

#[async_trait]
impl<L: Link> PersonalQueries for Conn<L> {
    fn parts(&self) -> Vec<&'static str> {
        PARTS.iter().map(|part| part.name).collect()
    }

    async fn part(&self, name: &str, user_id: i64) -> Result<Vec<Value>> {
        const OPERATION: &str = "personal.part";
        let part = PARTS.iter().find(|part| part.name == name);
        let part = part.ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?;
        let on = self.0.within(Reach::Lookup, OPERATION).await?;
        let rows = on.query_all_raw(statement(on, part.sql, [user_id.into()])).await.during(OPERATION)?;
        rows.iter().map(|row| shown(&self.0, part, row)).collect()
    }

    async fn export(&self, user_id: i64, uuid: Uuid) -> Result<Export> {
        const OPERATION: &str = "personal.export";
        let theirs = Entity::find().filter(Column::Uuid.eq(uuid)).filter(Column::UserId.eq(user_id));
        let row = theirs.one(self.0.read()).await.during(OPERATION)?;
        row.map(export_of).ok_or_else(|| Error::new(Kind::NotFound, OPERATION))
    }

    async fn expired_exports(&self, before: Timestamp, limit: u64) -> Result<Vec<(Export, Uuid)>> {
        const OPERATION: &str = "personal.expired_exports";
        let over = Entity::find().filter(Column::ExpiresAt.lt(before)).order_by_asc(Column::ExpiresAt);
        let over = over.limit(bounded(limit)).all(self.0.read()).await.during(OPERATION)?;
        let whose = users::Entity::find().select_only().columns([users::Column::Id, users::Column::Uuid]);
        let whose = whose.filter(users::Column::Id.is_in(over.iter().map(|row| row.user_id)));
        let whose: Vec<(i64, Uuid)> = whose.into_tuple().all(self.0.read()).await.during(OPERATION)?;
        let of = |id: i64| whose.iter().find(|(user, _)| *user == id).map(|(_, uuid)| *uuid);
        Ok(over.into_iter().filter_map(|row| of(row.user_id).map(|uuid| (export_of(row), uuid))).collect())
    }
}

#[async_trait]
impl PersonalRepo for Conn<Work> {
    async fn insert_export(&self, export: &Export) -> Result<()> {
        const OPERATION: &str = "personal.insert_export";
        let on = self.0.write();
        // Two that come at once see each other.
        users::Entity::find_by_id(export.user_id).lock_exclusive().one(on).await.during(OPERATION)?;
        let pending = Entity::find()
            .filter(Column::UserId.eq(export.user_id))
            .filter(Column::ReadyAt.is_null())
            .filter(Column::ExpiresAt.gt(export.created_at));
        if pending.count(on).await.during(OPERATION)? > 0 {
            return Err(Error::new(Kind::Conflict, OPERATION));
        }
        let row = Model {
            id: export.id,
            uuid: export.uuid,
            created_at: export.created_at,
            user_id: export.user_id,
            ready_at: export.ready_at,
            size: export.size,
            expires_at: export.expires_at,
        };
        let insert = Entity::insert(row.into_active_model());
        insert.exec_without_returning(on).await.during(OPERATION)?;
        Ok(())
    }

    async fn export_is_ready(&self, id: i64, size: i64, now: Timestamp) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::ReadyAt, Expr::val(now))
            .col_expr(Column::Size, Expr::val(size))
            .filter(Column::Id.eq(id))
            .exec(self.0.write())
            .await
            .during("personal.export_is_ready")?;
        Ok(done.rows_affected > 0)
    }

    async fn remove_exports(&self, ids: &[i64]) -> Result<()> {
        let gone = Entity::delete_many().filter(Column::Id.is_in(ids.iter().copied()));
        gone.exec(self.0.write()).await.during("personal.remove_exports")?;
        Ok(())
    }
}

fn shown(link: &impl Link, part: &Part, row: &QueryResult) -> Result<Value> {
    const OPERATION: &str = "personal.part";
    let mut object = Map::new();
    for (index, (name, kind)) in part.shows.iter().enumerate() {
        let value = match kind {
            As::Sealed(column) => {
                let uuid: Uuid = row.try_get_by(index - 1).during(OPERATION)?;
                let value: Option<Vec<u8>> = row.try_get_by(index).during(OPERATION)?;
                let plain = sealed::read(link.cipher(), *column, uuid, value.as_deref(), OPERATION)?;
                plain.map_or(Value::Null, |text| Value::String(text.to_string()))
            }
            kind => read(row, index, *kind).during(OPERATION)?,
        };
        object.insert((*name).to_owned(), value);
    }
    Ok(Value::Object(object))
}

fn read(row: &QueryResult, index: usize, kind: As) -> std::result::Result<Value, DbErr> {
    Ok(match kind {
        As::Text => row.try_get_by::<Option<String>, _>(index)?.into(),
        As::Id => row.try_get_by::<Option<Uuid>, _>(index)?.map(|id| id.to_string()).into(),
        As::Time => {
            let time: Option<Timestamp> = row.try_get_by(index)?;
            time.map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true)).into()
        }
        As::Number => row.try_get_by::<Option<i64>, _>(index)?.into(),
        As::Flag => row.try_get_by::<Option<bool>, _>(index)?.into(),
        As::Sealed(_) => Value::Null,
    })
}

fn export_of(row: Model) -> Export {
    Export {
        id: row.id,
        uuid: row.uuid,
        user_id: row.user_id,
        created_at: row.created_at,
        ready_at: row.ready_at,
        size: row.size,
        expires_at: row.expires_at,
    }
}
