//! Sessions.

use async_trait::async_trait;
use domain::{AuthMethods, Session, Timestamp, USE_IS_NOTED_EVERY};
use ports::{Error, Kind, Page, PageOf, Result, SessionFilter, SessionQueries, SessionRepo};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, Select};
use uuid::Uuid;

use crate::conn::{Conn, Link, Work};
use crate::dialect::delete_some;
use crate::entity::sessions::{Column, Entity, Model};
use crate::entity::{base_of, row_with_base};
use crate::error::{During, unreadable};
use crate::paging::{Listed, count, page};

#[async_trait]
impl<L: Link> SessionQueries for Conn<L> {
    async fn by_uuid(&self, uuid: Uuid) -> Result<Session> {
        one(&self.0, Entity::find().filter(Column::Uuid.eq(uuid)), "sessions.by_uuid").await
    }

    async fn list(&self, filter: &SessionFilter, at: &Page) -> Result<PageOf<Session>> {
        const OPERATION: &str = "sessions.list";
        let found = page(wanted(filter), at, self.0.read(), OPERATION).await?;
        found.try_map(|row| session_of(row, OPERATION))
    }

    async fn count(&self, filter: &SessionFilter) -> Result<u64> {
        count(wanted(filter), self.0.read(), "sessions.count").await
    }
}

#[async_trait]
impl SessionRepo for Conn<Work> {
    async fn insert(&self, session: &Session) -> Result<()> {
        let insert = Entity::insert(row_of(session).into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("sessions.insert")?;
        Ok(())
    }

    async fn by_id(&self, id: i64) -> Result<Session> {
        one(&self.0, Entity::find_by_id(id), "sessions.by_id").await
    }

    async fn reauthenticate(&self, id: i64, methods: &AuthMethods, now: Timestamp) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::AuthenticatedAt, Expr::val(now))
            .col_expr(Column::Methods, Expr::val(methods.to_string()))
            .col_expr(Column::UpdatedAt, Expr::val(now))
            .col_expr(Column::Version, Expr::col(Column::Version).add(1))
            .filter(Column::Id.eq(id))
            .exec(self.0.write())
            .await
            .during("sessions.reauthenticate")?;
        Ok(())
    }

    async fn set_tenant(&self, id: i64, tenant_id: Option<i64>, now: Timestamp) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::TenantId, Expr::val(tenant_id))
            .col_expr(Column::UpdatedAt, Expr::val(now))
            .col_expr(Column::Version, Expr::col(Column::Version).add(1))
            .filter(Column::Id.eq(id))
            .exec(self.0.write())
            .await
            .during("sessions.set_tenant")?;
        Ok(())
    }

    async fn touch(&self, id: i64, now: Timestamp) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::LastUsedAt, Expr::val(now))
            .col_expr(Column::UpdatedAt, Expr::val(now))
            .col_expr(Column::Version, Expr::col(Column::Version).add(1))
            .filter(Column::Id.eq(id))
            .exec(self.0.write())
            .await
            .during("sessions.touch")?;
        Ok(())
    }

    async fn note_uses(&self, ids: &[i64], at: Timestamp) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::LastUsedAt, Expr::val(at))
            .filter(Column::Id.is_in(ids.iter().copied()))
            .filter(Column::LastUsedAt.lte(at - USE_IS_NOTED_EVERY))
            .exec(self.0.write())
            .await
            .during("sessions.note_uses")?;
        Ok(())
    }

    async fn revoke(&self, id: i64, now: Timestamp) -> Result<bool> {
        let done = Entity::update_many()
            .col_expr(Column::RevokedAt, Expr::val(now))
            .col_expr(Column::UpdatedAt, Expr::val(now))
            .col_expr(Column::Version, Expr::col(Column::Version).add(1))
            .filter(Column::Id.eq(id))
            .filter(Column::RevokedAt.is_null())
            .exec(self.0.write())
            .await
            .during("sessions.revoke")?;
        Ok(done.rows_affected > 0)
    }

    async fn revoke_of_user(&self, user_id: i64, kept: Option<i64>, now: Timestamp) -> Result<u64> {
        let others = Condition::all().add_option(kept.map(|kept| Column::Id.ne(kept)));
        let done = Entity::update_many()
            .col_expr(Column::RevokedAt, Expr::val(now))
            .col_expr(Column::UpdatedAt, Expr::val(now))
            .col_expr(Column::Version, Expr::col(Column::Version).add(1))
            .filter(Column::UserId.eq(user_id))
            .filter(Column::RevokedAt.is_null())
            .filter(others)
            .exec(self.0.write())
            .await
            .during("sessions.revoke_of_user")?;
        Ok(done.rows_affected)
    }

    /// The tokens go by their foreign key.
    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64> {
        let over = Column::ExpiresAt.lt(before).or(Column::RevokedAt.lt(before));
        delete_some::<Entity>(self.0.write(), over, limit).await.during("sessions.purge")
    }
}

impl Listed for Entity {
    const ID: Column = Column::Id;

    /// Snowflakes grow with time.
    fn sort_column(field: &str) -> Option<Column> {
        (field == "createdAt").then_some(Column::Id)
    }
}

fn wanted(filter: &SessionFilter) -> Select<Entity> {
    Entity::find()
        .filter(Column::UserId.eq(filter.user_id))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(filter.live_at))
}

async fn one(link: &impl Link, query: Select<Entity>, operation: &'static str) -> Result<Session> {
    let row = query.one(link.read()).await.during(operation)?;
    session_of(row.ok_or_else(|| Error::new(Kind::NotFound, operation))?, operation)
}

fn session_of(row: Model, operation: &'static str) -> Result<Session> {
    let methods =
        AuthMethods::parse(&row.methods).map_err(|_| unreadable(operation, "way of authentication"))?;
    Ok(Session {
        base: base_of!(row),
        user_id: row.user_id,
        tenant_id: row.tenant_id,
        ip: row.ip,
        user_agent: row.user_agent,
        authenticated_at: row.authenticated_at,
        methods,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
    })
}

pub(crate) fn row_of(session: &Session) -> Model {
    row_with_base!(Model, session.base, {
        user_id: session.user_id,
        tenant_id: session.tenant_id,
        ip: session.ip.clone(),
        user_agent: session.user_agent.clone(),
        authenticated_at: session.authenticated_at,
        methods: session.methods.to_string(),
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
        revoked_at: session.revoked_at,
    })
}
