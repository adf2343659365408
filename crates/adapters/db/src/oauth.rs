//! Logins on their way to other providers and back.

use async_trait::async_trait;
use domain::{Binding, OAuthCode, OAuthLogin, Timestamp};
use ports::{Error, Kind, OAuthQueries, OAuthRepo, Result};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::conn::{Conn, Link, Work};
use crate::dialect::delete_some;
use crate::entity::{oauth_codes as codes, oauth_logins as logins};
use crate::error::During;

#[async_trait]
impl<L: Link> OAuthQueries for Conn<L> {
    async fn login(&self, hash: &[u8]) -> Result<OAuthLogin> {
        const OPERATION: &str = "oauth.login";
        let query = logins::Entity::find().filter(logins::Column::Hash.eq(hash));
        let row = query.one(self.0.read()).await.during(OPERATION)?;
        row.map(login_of).ok_or_else(|| Error::new(Kind::NotFound, OPERATION))
    }

    async fn code(&self, hash: &[u8]) -> Result<OAuthCode> {
        const OPERATION: &str = "oauth.code";
        let query = codes::Entity::find().filter(codes::Column::Hash.eq(hash));
        let row = query.one(self.0.read()).await.during(OPERATION)?;
        row.map(code_of).ok_or_else(|| Error::new(Kind::NotFound, OPERATION))
    }
}

#[async_trait]
impl OAuthRepo for Conn<Work> {
    async fn begin(&self, login: &OAuthLogin) -> Result<()> {
        let row = logins::Model {
            id: login.id,
            hash: login.hash.clone(),
            provider: login.provider.clone(),
            redirect_uri: login.redirect_uri.clone(),
            browser: login.binding.browser.clone(),
            challenge: login.binding.challenge.clone(),
            tenant: login.tenant,
            linking_session: login.linking_session,
            expires_at: login.expires_at,
            spent_at: login.spent_at,
        };
        let insert = logins::Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("oauth.begin")?;
        Ok(())
    }

    async fn spend(&self, login_id: i64, now: Timestamp) -> Result<()> {
        const OPERATION: &str = "oauth.spend";
        let done = logins::Entity::update_many()
            .col_expr(logins::Column::SpentAt, Expr::val(now))
            .filter(logins::Column::Id.eq(login_id))
            .filter(logins::Column::SpentAt.is_null())
            .exec(self.0.write())
            .await
            .during(OPERATION)?;
        if done.rows_affected == 0 { Err(Error::new(Kind::Precondition, OPERATION)) } else { Ok(()) }
    }

    async fn give_code(&self, code: &OAuthCode) -> Result<()> {
        let row = codes::Model {
            id: code.id,
            user_id: code.user_id,
            hash: code.hash.clone(),
            browser: code.binding.browser.clone(),
            challenge: code.binding.challenge.clone(),
            tenant: code.tenant,
            expires_at: code.expires_at,
        };
        let insert = codes::Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("oauth.give_code")?;
        Ok(())
    }

    async fn take_code(&self, code_id: i64) -> Result<()> {
        const OPERATION: &str = "oauth.take_code";
        let done = codes::Entity::delete_by_id(code_id).exec(self.0.write()).await.during(OPERATION)?;
        if done.rows_affected == 0 { Err(Error::new(Kind::NotFound, OPERATION)) } else { Ok(()) }
    }

    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64> {
        const OPERATION: &str = "oauth.purge";
        let on = self.0.write();
        let over = logins::Column::ExpiresAt.lt(before);
        let logins = delete_some::<logins::Entity>(on, over, limit).await.during(OPERATION)?;
        let over = codes::Column::ExpiresAt.lt(before);
        Ok(logins + delete_some::<codes::Entity>(on, over, limit).await.during(OPERATION)?)
    }
}

fn login_of(row: logins::Model) -> OAuthLogin {
    OAuthLogin {
        id: row.id,
        hash: row.hash,
        provider: row.provider,
        redirect_uri: row.redirect_uri,
        binding: Binding { browser: row.browser, challenge: row.challenge },
        tenant: row.tenant,
        linking_session: row.linking_session,
        expires_at: row.expires_at,
        spent_at: row.spent_at,
    }
}

fn code_of(row: codes::Model) -> OAuthCode {
    OAuthCode {
        id: row.id,
        user_id: row.user_id,
        hash: row.hash,
        binding: Binding { browser: row.browser, challenge: row.challenge },
        tenant: row.tenant,
        expires_at: row.expires_at,
    }
}
