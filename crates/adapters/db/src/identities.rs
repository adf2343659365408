//! Accounts elsewhere.

use async_trait::async_trait;
use domain::{Identity, Timestamp};
use ports::{Error, IdentityQueries, IdentityRepo, Kind, Result};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::conn::{Conn, Link, Work};
use crate::entity::identities::{Column, Entity, Model};
use crate::error::During;

#[async_trait]
impl<L: Link> IdentityQueries for Conn<L> {
    async fn of_user(&self, user_id: i64) -> Result<Vec<Identity>> {
        let rows = those_of(user_id).all(self.0.read()).await.during("identities.of_user")?;
        Ok(rows.into_iter().map(identity_of).collect())
    }
}

#[async_trait]
impl IdentityRepo for Conn<Work> {
    async fn by_subject(&self, issuer: &str, subject: &str) -> Result<Identity> {
        const OPERATION: &str = "identities.by_subject";
        let query = Entity::find().filter(Column::Issuer.eq(issuer)).filter(Column::Subject.eq(subject));
        let row = query.one(self.0.write()).await.during(OPERATION)?;
        row.map(identity_of).ok_or_else(|| Error::new(Kind::NotFound, OPERATION))
    }

    async fn insert(&self, identity: &Identity) -> Result<()> {
        let row = Model {
            id: identity.id,
            uuid: identity.uuid,
            created_at: identity.created_at,
            user_id: identity.user_id,
            provider: identity.provider.clone(),
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            email: identity.email.clone(),
            last_used_at: identity.last_used_at,
        };
        let insert = Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("identities.insert")?;
        Ok(())
    }

    async fn touch(&self, id: i64, email: Option<&str>, now: Timestamp) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::Email, Expr::val(email.map(str::to_owned)))
            .col_expr(Column::LastUsedAt, Expr::val(now))
            .filter(Column::Id.eq(id))
            .exec(self.0.write())
            .await
            .during("identities.touch")?;
        Ok(())
    }

    async fn lock_of_user(&self, user_id: i64) -> Result<Vec<Identity>> {
        let rows = those_of(user_id).lock_exclusive().all(self.0.write()).await;
        Ok(rows.during("identities.lock_of_user")?.into_iter().map(identity_of).collect())
    }

    async fn remove(&self, id: i64) -> Result<bool> {
        let removed = Entity::delete_by_id(id).exec(self.0.write()).await.during("identities.remove")?;
        Ok(removed.rows_affected > 0)
    }

    async fn remove_of_user(&self, user_id: i64) -> Result<u64> {
        let theirs = Entity::delete_many().filter(Column::UserId.eq(user_id));
        Ok(theirs.exec(self.0.write()).await.during("identities.remove_of_user")?.rows_affected)
    }
}

fn those_of(user_id: i64) -> Select<Entity> {
    Entity::find().filter(Column::UserId.eq(user_id)).order_by_asc(Column::Id)
}

fn identity_of(row: Model) -> Identity {
    Identity {
        id: row.id,
        uuid: row.uuid,
        user_id: row.user_id,
        provider: row.provider,
        issuer: row.issuer,
        subject: row.subject,
        email: row.email,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    }
}
