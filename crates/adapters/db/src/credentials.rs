//! Password hashes.

use async_trait::async_trait;
use domain::{Credential, Timestamp};
use ports::{CredentialQueries, CredentialRepo, Error, Kind, Result};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::conn::{Conn, Link, Work};
use crate::entity::credentials::{Column, Entity, Model};
use crate::entity::{base_of, row_with_base};
use crate::error::During;

#[async_trait]
impl<L: Link> CredentialQueries for Conn<L> {
    async fn of_user(&self, user_id: i64) -> Result<Credential> {
        const OPERATION: &str = "credentials.of_user";
        let query = Entity::find().filter(Column::UserId.eq(user_id)).filter(Column::DeletedAt.is_null());
        let row = query.one(self.0.read()).await.during(OPERATION)?;
        let row = row.ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?;
        Ok(Credential { base: base_of!(row), user_id: row.user_id, password_hash: row.password_hash })
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
}
