//! Tokens that travel by mail, by hash.

use async_trait::async_trait;
use domain::{MailPurpose, MailToken, Timestamp};
use ports::{Error, Kind, MailTokenRepo, Result};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::conn::{Conn, Link, Work};
use crate::entity::mail_tokens::{Column, Entity, Model};
use crate::error::During;
use crate::paging::bounded;

#[async_trait]
impl MailTokenRepo for Conn<Work> {
    async fn insert(&self, token: &MailToken) -> Result<()> {
        let row = Model {
            id: token.id,
            user_id: token.user_id,
            purpose: token.purpose.as_str().to_owned(),
            hash: token.hash.clone(),
            expires_at: token.expires_at,
        };
        let insert = Entity::insert(row.into_active_model()).on_conflict_do_nothing_on([Column::Hash]);
        insert.exec_without_returning(self.0.write()).await.during("mail_tokens.insert")?;
        Ok(())
    }

    /// One statement: the engine deletes a row once.
    async fn take(&self, purpose: MailPurpose, hash: &[u8]) -> Result<MailToken> {
        const OPERATION: &str = "mail_tokens.take";
        let delete =
            Entity::delete_many().filter(Column::Hash.eq(hash)).filter(Column::Purpose.eq(purpose.as_str()));
        let rows = delete.exec_with_returning(self.0.write()).await.during(OPERATION)?;
        let row = rows.into_iter().next().ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?;
        Ok(MailToken {
            id: row.id,
            user_id: row.user_id,
            purpose,
            hash: row.hash,
            expires_at: row.expires_at,
        })
    }

    async fn clear(&self, user_id: i64, purpose: MailPurpose) -> Result<()> {
        Entity::delete_many()
            .filter(Column::UserId.eq(user_id))
            .filter(Column::Purpose.eq(purpose.as_str()))
            .exec(self.0.write())
            .await
            .during("mail_tokens.clear")?;
        Ok(())
    }

    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64> {
        let over = Query::select()
            .column(Column::Id)
            .from(Entity)
            .and_where(Column::ExpiresAt.lt(before))
            .limit(bounded(limit))
            .to_owned();
        let delete = Entity::delete_many().filter(Column::Id.in_subquery(over));
        Ok(delete.exec(self.0.write()).await.during("mail_tokens.purge")?.rows_affected)
    }
}
