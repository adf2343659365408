//! Keys of programs, by hash.

use async_trait::async_trait;
use domain::{ApiKey, Label, Permission, Timestamp};
use ports::{ApiKeyQueries, ApiKeyRepo, Error, Kind, Result};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::conn::{Conn, Link, Work};
use crate::dialect::delete_some;
use crate::entity::api_keys::{Column, Entity, Model};
use crate::entity::users;
use crate::error::{During, unreadable};

#[async_trait]
impl<L: Link> ApiKeyQueries for Conn<L> {
    async fn of_user(&self, user_id: i64) -> Result<Vec<ApiKey>> {
        const OPERATION: &str = "api_keys.of_user";
        let query = Entity::find().filter(Column::UserId.eq(user_id)).order_by_asc(Column::Id);
        let rows = query.all(self.0.read()).await.during(OPERATION)?;
        rows.into_iter().map(|row| key_of(row, OPERATION)).collect()
    }

    async fn by_hash(&self, hash: &[u8]) -> Result<(ApiKey, Uuid)> {
        const OPERATION: &str = "api_keys.by_hash";
        let missing = || Error::new(Kind::NotFound, OPERATION);
        let row = Entity::find().filter(Column::Hash.eq(hash)).one(self.0.read()).await.during(OPERATION)?;
        let row = row.ok_or_else(missing)?;
        let owner = users::Entity::find_by_id(row.user_id).one(self.0.read()).await.during(OPERATION)?;
        Ok((key_of(row, OPERATION)?, owner.ok_or_else(missing)?.uuid))
    }

    async fn note_use(&self, key: Uuid, now: Timestamp, unless_since: Timestamp) -> Result<()> {
        let earlier =
            Condition::any().add(Column::LastUsedAt.is_null()).add(Column::LastUsedAt.lt(unless_since));
        Entity::update_many()
            .col_expr(Column::LastUsedAt, Expr::val(now))
            .filter(Column::Uuid.eq(key))
            .filter(earlier)
            .exec(self.0.write())
            .await
            .during("api_keys.note_use")?;
        Ok(())
    }
}

#[async_trait]
impl ApiKeyRepo for Conn<Work> {
    async fn insert(&self, key: &ApiKey) -> Result<()> {
        let scopes: Vec<String> = key.scopes.iter().map(ToString::to_string).collect();
        let row = Model {
            id: key.id,
            uuid: key.uuid,
            created_at: key.created_at,
            user_id: key.user_id,
            tenant: key.tenant,
            name: key.name.to_string(),
            prefix: key.prefix.clone(),
            hash: key.hash.clone(),
            scopes: scopes.join(" "),
            multi_factor: key.multi_factor,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        };
        let insert = Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("api_keys.insert")?;
        Ok(())
    }

    async fn remove(&self, user_id: i64, key: Uuid) -> Result<bool> {
        let delete = Entity::delete_many().filter(Column::UserId.eq(user_id)).filter(Column::Uuid.eq(key));
        let done = delete.exec(self.0.write()).await.during("api_keys.remove")?;
        Ok(done.rows_affected > 0)
    }

    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64> {
        let over = Column::ExpiresAt.lt(before);
        delete_some::<Entity>(self.0.write(), over, limit).await.during("api_keys.purge")
    }
}

fn key_of(row: Model, operation: &'static str) -> Result<ApiKey> {
    let scopes: std::result::Result<Vec<_>, _> =
        row.scopes.split_whitespace().map(Permission::parse).collect();
    Ok(ApiKey {
        id: row.id,
        uuid: row.uuid,
        user_id: row.user_id,
        tenant: row.tenant,
        name: Label::parse(&row.name).map_err(|_| unreadable(operation, "name"))?,
        prefix: row.prefix,
        hash: row.hash,
        scopes: scopes.map_err(|_| unreadable(operation, "scope"))?,
        multi_factor: row.multi_factor,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
    })
}
