//! Refresh tokens, by hash.

use async_trait::async_trait;
use domain::{RefreshToken, Timestamp};
use ports::{Error, Kind, RefreshTokenRepo, Result};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};

use crate::conn::{Conn, Link, Work};
use crate::entity::refresh_tokens::{Column, Entity, Model};
use crate::error::During;

#[async_trait]
impl RefreshTokenRepo for Conn<Work> {
    async fn insert(&self, token: &RefreshToken) -> Result<()> {
        let row = Model {
            id: token.id,
            session_id: token.session_id,
            hash: token.hash.clone(),
            expires_at: token.expires_at,
            spent_at: token.spent_at,
            nonce: token.nonce.clone(),
        };
        let insert = Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("refresh_tokens.insert")?;
        Ok(())
    }

    /// `FOR UPDATE` where the engine has it; SQLite's unit of work excludes all others from its beginning.
    async fn lock_by_hash(&self, hash: &[u8]) -> Result<RefreshToken> {
        const OPERATION: &str = "refresh_tokens.lock_by_hash";
        let query = Entity::find().filter(Column::Hash.eq(hash)).lock_exclusive();
        let row = query.one(self.0.write()).await.during(OPERATION)?;
        row.map(token_of).ok_or_else(|| Error::new(Kind::NotFound, OPERATION))
    }

    async fn spend(&self, id: i64, nonce: &[u8], now: Timestamp) -> Result<()> {
        const OPERATION: &str = "refresh_tokens.spend";
        let done = Entity::update_many()
            .col_expr(Column::SpentAt, Expr::val(now))
            .col_expr(Column::Nonce, Expr::val(nonce))
            .filter(Column::Id.eq(id))
            .filter(Column::SpentAt.is_null())
            .exec(self.0.write())
            .await
            .during(OPERATION)?;
        if done.rows_affected == 0 { Err(Error::new(Kind::Conflict, OPERATION)) } else { Ok(()) }
    }
}

fn token_of(row: Model) -> RefreshToken {
    RefreshToken {
        id: row.id,
        session_id: row.session_id,
        hash: row.hash,
        expires_at: row.expires_at,
        spent_at: row.spent_at,
        nonce: row.nonce,
    }
}
