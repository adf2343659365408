//! The key ring.

use async_trait::async_trait;
use domain::{KeyPurpose, RingKey, Timestamp};
use ports::{Error, KeyQueries, KeyRepo, Kind, Result};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};

use crate::conn::{Conn, Link, Work};
use crate::entity::ring_keys::{ActiveModel, Column, Entity, Model};
use crate::error::During;

#[async_trait]
impl<L: Link> KeyQueries for Conn<L> {
    async fn live(&self) -> Result<Vec<RingKey>> {
        let query = Entity::find().filter(Column::RetiredAt.is_null()).order_by_asc(Column::Id);
        let rows = query.all(self.0.read()).await.during("keys.live")?;
        Ok(rows.into_iter().filter_map(key_of).collect())
    }

    async fn all(&self) -> Result<Vec<RingKey>> {
        let rows = Entity::find().order_by_asc(Column::Id).all(self.0.read()).await.during("keys.all")?;
        Ok(rows.into_iter().filter_map(key_of).collect())
    }
}

#[async_trait]
impl KeyRepo for Conn<Work> {
    async fn insert(&self, key: &RingKey) -> Result<()> {
        let row = Model {
            id: key.id,
            kid: key.kid.clone(),
            purpose: key.purpose.as_str().to_owned(),
            generation: key.generation,
            sealed: key.sealed.clone(),
            active_from: key.active_from,
            retired_at: key.retired_at,
        };
        let insert = Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("keys.insert")?;
        Ok(())
    }

    async fn reseal(&self, id: i64, from: &[u8], to: &[u8]) -> Result<()> {
        const OPERATION: &str = "keys.reseal";
        let done = Entity::update_many()
            .set(ActiveModel { sealed: Set(to.to_owned()), ..Default::default() })
            .filter(Column::Id.eq(id))
            .filter(Column::Sealed.eq(from))
            .filter(Column::RetiredAt.is_null())
            .exec(self.0.write())
            .await
            .during(OPERATION)?;
        if done.rows_affected == 0 { Err(Error::new(Kind::Precondition, OPERATION)) } else { Ok(()) }
    }

    async fn retire(&self, id: i64, now: Timestamp) -> Result<bool> {
        let retired =
            ActiveModel { sealed: Set(Vec::new()), retired_at: Set(Some(now)), ..Default::default() };
        let done = Entity::update_many()
            .set(retired)
            .filter(Column::Id.eq(id))
            .filter(Column::RetiredAt.is_null())
            .exec(self.0.write())
            .await
            .during("keys.retire")?;
        Ok(done.rows_affected > 0)
    }
}

/// A purpose that this version does not know belongs to a newer replica, and is none of its business.
fn key_of(row: Model) -> Option<RingKey> {
    let purpose = KeyPurpose::from_stored(&row.purpose)?;
    Some(RingKey {
        id: row.id,
        kid: row.kid,
        purpose,
        generation: row.generation,
        sealed: row.sealed,
        active_from: row.active_from,
        retired_at: row.retired_at,
    })
}
