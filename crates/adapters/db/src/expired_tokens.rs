//! Purging expired tokens: by the routine `purge_expired_tokens` where the engine has it and it is applied, else by
//! statements that do the same.

use async_trait::async_trait;
use domain::Timestamp;
use ports::{ExpiredTokens, PurgedTokens, Result};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, Value};

use crate::conn::{Conn, Link, Work};
use crate::dialect::{Dialect, Routine, delete_some, statement};
use crate::entity::{mail_tokens, refresh_tokens};
use crate::error::During;

const OPERATION: &str = "expired_tokens.purge";

#[async_trait]
impl ExpiredTokens for Conn<Work> {
    async fn purge(
        &self,
        refresh_before: Timestamp,
        mail_before: Timestamp,
        limit: u64,
    ) -> Result<PurgedTokens> {
        let on = self.0.write();
        if let Some(routine) = Dialect::of(on).purge_expired_tokens()
            && is_applied(on).await.during(OPERATION)?
        {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let values = [refresh_before.into(), mail_before.into(), limit.into()];
            return by_routine(on, &routine, values).await.during(OPERATION);
        }
        let refresh = refresh_tokens::Column::ExpiresAt.lt(refresh_before);
        let mail = mail_tokens::Column::ExpiresAt.lt(mail_before);
        Ok(PurgedTokens {
            refresh: delete_some::<refresh_tokens::Entity>(on, refresh, limit).await.during(OPERATION)?,
            mail: delete_some::<mail_tokens::Entity>(on, mail, limit).await.during(OPERATION)?,
        })
    }
}

/// An operator may have taken it away.
async fn is_applied(on: &impl ConnectionTrait) -> std::result::Result<bool, DbErr> {
    let query = Query::select()
        .expr(Expr::val(1))
        .from("database_assets")
        .and_where(Expr::col("name").eq("procedures/purge_expired_tokens"))
        .to_owned();
    Ok(on.query_one(&query).await?.is_some())
}

async fn by_routine(
    on: &impl ConnectionTrait,
    routine: &Routine,
    values: [Value; 3],
) -> std::result::Result<PurgedTokens, DbErr> {
    let row = match routine {
        Routine::Query(sql) => on.query_one_raw(statement(on, sql, values)).await?,
        Routine::Call(call, results) => {
            on.execute_raw(statement(on, call, values)).await?;
            on.query_one_raw(statement(on, results, [])).await?
        }
    };
    let row = row.ok_or_else(|| DbErr::Custom("the routine has no result".to_owned()))?;
    let count = |index: usize| row.try_get_by::<i64, _>(index).map(|count| u64::try_from(count).unwrap_or(0));
    Ok(PurgedTokens { refresh: count(0)?, mail: count(1)? })
}
