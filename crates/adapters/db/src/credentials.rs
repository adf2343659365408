//! Password hashes.

use async_trait::async_trait;
use domain::{Credential, Timestamp};
use ports::{CredentialQueries, CredentialRepo, Error, Kind, Result};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use crate::conn::{Conn, Link, Work};
use crate::entity::credentials::{Column, Entity, Model};
use crate::entity::{base_of, former_passwords as former, row_with_base, users};
use crate::error::During;
use crate::paging::bounded;

const PROPOSE: &str = "credentials.propose";

#[async_trait]
impl<L: Link> CredentialQueries for Conn<L> {
    async fn of_user(&self, user_id: i64) -> Result<Credential> {
        const OPERATION: &str = "credentials.of_user";
        let query = Entity::find().filter(Column::UserId.eq(user_id)).filter(Column::DeletedAt.is_null());
        let row = query.one(self.0.read()).await.during(OPERATION)?;
        let row = row.ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?;
        Ok(Credential { base: base_of!(row), user_id: row.user_id, password_hash: row.password_hash })
    }

    async fn former(&self, user_id: i64, limit: u64) -> Result<Vec<String>> {
        let theirs = former::Entity::find().filter(former::Column::UserId.eq(user_id));
        let last = theirs.order_by_desc(former::Column::Id).limit(bounded(limit));
        let rows = last.all(self.0.read()).await.during("credentials.former")?;
        Ok(rows.into_iter().map(|row| row.password_hash).collect())
    }
}

#[async_trait]
impl CredentialRepo for Conn<Work> {
    async fn insert(&self, credential: &Credential) -> Result<()> {
        let row = row_with_base!(Model, credential.base, {
            user_id: credential.user_id,
            password_hash: credential.password_hash.clone(),
        });
        let insert = Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("credentials.insert")?;
        Ok(())
    }

    async fn propose(&self, credential: &Credential) -> Result<()> {
        let Credential { base, user_id, password_hash } = credential;
        let row: [(Column, Expr); 8] = [
            (Column::Id, Expr::val(base.id)),
            (Column::Uuid, Expr::val(base.uuid)),
            (Column::CreatedAt, Expr::val(base.created_at)),
            (Column::UpdatedAt, Expr::val(base.updated_at)),
            (Column::DeletedAt, Expr::val(base.deleted_at)),
            (Column::Version, Expr::val(base.version)),
            (Column::UserId, Expr::val(*user_id)),
            (Column::PasswordHash, Expr::val(password_hash.as_str())),
        ];
        let (columns, values): (Vec<_>, Vec<_>) = row.into_iter().unzip();
        let unproven = Query::select()
            .exprs(values)
            .from(users::Entity)
            .and_where(users::Column::Id.eq(*user_id))
            .and_where(users::Column::EmailVerifiedAt.is_null())
            .to_owned();
        let taken = OnConflict::column(Column::UserId)
            .target_and_where(Expr::col(Column::DeletedAt).is_null())
            .values([
                (Column::PasswordHash, Expr::val(password_hash.as_str())),
                (Column::UpdatedAt, Expr::val(base.updated_at)),
                (Column::Version, Expr::col((Entity, Column::Version)).add(1)),
            ])
            .to_owned();
        let mut insert = Query::insert().into_table(Entity).columns(columns).on_conflict(taken).to_owned();
        insert.select_from(unproven).map_err(|error| Error::with(Kind::Internal, PROPOSE, error))?;
        self.0.write().execute(&insert).await.during(PROPOSE)?;
        Ok(())
    }

    async fn replace_hash(&self, user_id: i64, hash: &str, now: Timestamp) -> Result<()> {
        const OPERATION: &str = "credentials.replace_hash";
        let done = Entity::update_many()
            .col_expr(Column::PasswordHash, Expr::val(hash))
            .col_expr(Column::UpdatedAt, Expr::val(now))
            .col_expr(Column::Version, Expr::col(Column::Version).add(1))
            .filter(Column::UserId.eq(user_id))
            .filter(Column::DeletedAt.is_null())
            .exec(self.0.write())
            .await
            .during(OPERATION)?;
        if done.rows_affected == 0 { Err(Error::new(Kind::NotFound, OPERATION)) } else { Ok(()) }
    }

    async fn remove(&self, user_id: i64) -> Result<bool> {
        let theirs = Entity::delete_many().filter(Column::UserId.eq(user_id));
        let removed = theirs.exec(self.0.write()).await.during("credentials.remove")?;
        Ok(removed.rows_affected > 0)
    }

    /// Snowflakes grow with time, and one person's password is changed by one unit of work at a time.
    async fn keep_former(&self, id: i64, user_id: i64, hash: &str, now: Timestamp, keep: u64) -> Result<()> {
        const OPERATION: &str = "credentials.keep_former";
        let on = self.0.write();
        let row = former::Model { id, user_id, password_hash: hash.to_owned(), replaced_at: now };
        let insert = former::Entity::insert(row.into_active_model());
        insert.exec_without_returning(on).await.during(OPERATION)?;
        let theirs = former::Column::UserId.eq(user_id);
        let beyond = former::Entity::find()
            .filter(theirs.clone())
            .order_by_desc(former::Column::Id)
            .offset(bounded(keep))
            .limit(1)
            .one(on)
            .await
            .during(OPERATION)?;
        if let Some(beyond) = beyond {
            let over = theirs.and(former::Column::Id.lte(beyond.id));
            former::Entity::delete_many().filter(over).exec(on).await.during(OPERATION)?;
        }
        Ok(())
    }
}
