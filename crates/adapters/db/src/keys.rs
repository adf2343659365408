//! The key ring.

use async_trait::async_trait;
use domain::{KeyPurpose, RingKey};
use ports::{KeyQueries, KeyRepo, Result};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};

use crate::conn::{Conn, Link, Work};
use crate::entity::ring_keys::{Column, Entity, Model};
use crate::error::During;

#[async_trait]
impl<L: Link> KeyQueries for Conn<L> {
    async fn live(&self) -> Result<Vec<RingKey>> {
        let query = Entity::find().filter(Column::RetiredAt.is_null()).order_by_asc(Column::Id);
        let rows = query.all(self.0.read()).await.during("keys.live")?;
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
}

/// A purpose that this version does not know belongs to a newer replica, and is none of its business.
fn key_of(row: Model) -> Option<RingKey> {
    let known = [KeyPurpose::AccessToken, KeyPurpose::Derivation];
    let purpose = known.into_iter().find(|purpose| purpose.as_str() == row.purpose)?;
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
