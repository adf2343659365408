//! Devices that people have logged in from.

use async_trait::async_trait;
use domain::{Device, Seen, Timestamp};
use ports::{DeviceQueries, DeviceRepo, Error, Kind, Result};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use crate::conn::{Conn, Link, Work};
use crate::dialect::delete_some;
use crate::entity::devices::{Column, Entity, Model};
use crate::error::During;

#[async_trait]
impl<L: Link> DeviceQueries for Conn<L> {
    async fn by_uuid(&self, uuid: Uuid) -> Result<Device> {
        const OPERATION: &str = "devices.by_uuid";
        let row = Entity::find().filter(Column::Uuid.eq(uuid)).one(self.0.read()).await.during(OPERATION)?;
        row.map(device_of).ok_or_else(|| Error::new(Kind::NotFound, OPERATION))
    }

    async fn knows_network(&self, user_id: i64, network: &str, since: Timestamp) -> Result<bool> {
        let theirs = seen_since(user_id, since).filter(Column::Network.eq(network));
        exists(theirs, self.0.read(), "devices.knows_network").await
    }

    async fn of_user(&self, user_id: i64) -> Result<Vec<Device>> {
        let theirs = Entity::find().filter(Column::UserId.eq(user_id)).order_by_asc(Column::Id);
        let rows = theirs.all(self.0.read()).await.during("devices.of_user")?;
        Ok(rows.into_iter().map(device_of).collect())
    }
}

#[async_trait]
impl DeviceRepo for Conn<Work> {
    /// The known one costs one statement, which is what nearly every login finds.
    async fn see(&self, device: &Device, since: Timestamp) -> Result<Seen> {
        const OPERATION: &str = "devices.see";
        let on = self.0.write();
        let same = Column::UserId
            .eq(device.user_id)
            .and(Column::Network.eq(device.network.as_str()))
            .and(Column::Agent.eq(device.agent.as_str()));
        let known = Entity::update_many()
            .col_expr(Column::LastSeenAt, Expr::val(device.last_seen_at))
            .filter(same.clone())
            .filter(Column::LastSeenAt.gte(since));
        if known.exec(on).await.during(OPERATION)?.rows_affected > 0 {
            return Ok(Seen::Before);
        }
        let others = exists(seen_since(device.user_id, since), on, OPERATION).await?;
        Entity::delete_many().filter(same).exec(on).await.during(OPERATION)?;
        let insert = Entity::insert(row_of(device).into_active_model());
        let insert = insert.on_conflict_do_nothing_on([Column::UserId, Column::Network, Column::Agent]);
        insert.exec_without_returning(on).await.during(OPERATION)?;
        Ok(if others { Seen::New } else { Seen::First })
    }

    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64> {
        let over = Column::LastSeenAt.lt(before);
        delete_some::<Entity>(self.0.write(), over, limit).await.during("devices.purge")
    }
}

fn seen_since(user_id: i64, since: Timestamp) -> Select<Entity> {
    Entity::find().filter(Column::UserId.eq(user_id)).filter(Column::LastSeenAt.gte(since))
}

async fn exists(
    query: Select<Entity>,
    on: &impl sea_orm::ConnectionTrait,
    operation: &'static str,
) -> Result<bool> {
    let found = query.select_only().column(Column::Id).limit(1).into_tuple::<i64>().one(on).await;
    Ok(found.during(operation)?.is_some())
}

fn row_of(device: &Device) -> Model {
    Model {
        id: device.id,
        uuid: device.uuid,
        created_at: device.created_at,
        user_id: device.user_id,
        network: device.network.clone(),
        agent: device.agent.clone(),
        last_seen_at: device.last_seen_at,
    }
}

fn device_of(row: Model) -> Device {
    Device {
        id: row.id,
        uuid: row.uuid,
        user_id: row.user_id,
        network: row.network,
        agent: row.agent,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
    }
}
