//! Tokens that travel by mail, by hash.

use async_trait::async_trait;
use domain::{MailPurpose, MailToken};
use ports::{Error, Kind, MailTokenQueries, MailTokenRepo, Result};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Select};

use crate::conn::{Conn, Link, Work};
use crate::entity::mail_tokens::{Column, Entity, Model};
use crate::error::During;

#[async_trait]
impl<L: Link> MailTokenQueries for Conn<L> {
    async fn by_hash(&self, purpose: MailPurpose, hash: &[u8]) -> Result<MailToken> {
        const OPERATION: &str = "mail_tokens.by_hash";
        let row = found(purpose, hash).one(self.0.read()).await.during(OPERATION)?;
        row.map(|row| token_of(row, purpose)).ok_or_else(|| Error::new(Kind::NotFound, OPERATION))
    }
}

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

    /// Who else takes it at the same time waits for this unit of work, and then finds nothing.
    async fn take(&self, purpose: MailPurpose, hash: &[u8]) -> Result<MailToken> {
        const OPERATION: &str = "mail_tokens.take";
        let row = found(purpose, hash).lock_exclusive().one(self.0.write()).await.during(OPERATION)?;
        let row = row.ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?;
        Entity::delete_by_id(row.id).exec(self.0.write()).await.during(OPERATION)?;
        Ok(token_of(row, purpose))
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
}

fn found(purpose: MailPurpose, hash: &[u8]) -> Select<Entity> {
    Entity::find().filter(Column::Hash.eq(hash)).filter(Column::Purpose.eq(purpose.as_str()))
}

fn token_of(row: Model, purpose: MailPurpose) -> MailToken {
    MailToken { id: row.id, user_id: row.user_id, purpose, hash: row.hash, expires_at: row.expires_at }
}
