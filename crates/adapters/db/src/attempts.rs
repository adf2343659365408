//! Failed logins.

use async_trait::async_trait;
use domain::{Attempts, Lockout, Timestamp};
use ports::{LoginAttempts, Result};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::conn::{Conn, Link};
use crate::entity::login_attempts::{Column, Entity, Model};
use crate::error::During;
use crate::paging::bounded;

#[async_trait]
impl<L: Link> LoginAttempts for Conn<L> {
    async fn get(&self, identifier: &[u8], network: &str) -> Result<Option<Attempts>> {
        let query = Entity::find_by_id((identifier.to_owned(), network.to_owned()));
        Ok(query.one(self.0.read()).await.during("login_attempts.get")?.map(attempts_of))
    }

    /// One statement, so that failures at the same time all count.
    async fn fail(
        &self,
        identifier: &[u8],
        network: &str,
        rule: &Lockout,
        now: Timestamp,
    ) -> Result<Attempts> {
        let first = Model {
            identifier: identifier.to_owned(),
            network: network.to_owned(),
            failures: 1,
            window_ends_at: now + rule.window,
        };
        let stored = |column: Column| Expr::col((Entity, column));
        let over = stored(Column::WindowEndsAt).lte(now);
        let failures = Expr::case(over.clone(), Expr::val(1)).finally(stored(Column::Failures).add(1));
        let window = Expr::case(over, Expr::val(first.window_ends_at)).finally(stored(Column::WindowEndsAt));
        let counted = OnConflict::columns([Column::Identifier, Column::Network])
            .values([(Column::Failures, failures.into()), (Column::WindowEndsAt, window.into())])
            .to_owned();
        let insert = Entity::insert(first.into_active_model()).on_conflict(counted);
        Ok(attempts_of(insert.exec_with_returning(self.0.write()).await.during("login_attempts.fail")?))
    }

    async fn clear(&self, identifier: &[u8], network: &str) -> Result<()> {
        let delete = Entity::delete_many()
            .filter(Column::Identifier.eq(identifier))
            .filter(Column::Network.eq(network));
        delete.exec(self.0.write()).await.during("login_attempts.clear")?;
        Ok(())
    }

    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64> {
        let over = Query::select()
            .columns([Column::Identifier, Column::Network])
            .from(Entity)
            .and_where(Column::WindowEndsAt.lt(before))
            .limit(bounded(limit))
            .to_owned();
        let key = Expr::tuple([Expr::col(Column::Identifier), Expr::col(Column::Network)]);
        let delete = Entity::delete_many().filter(key.in_subquery(over));
        Ok(delete.exec(self.0.write()).await.during("login_attempts.purge")?.rows_affected)
    }
}

fn attempts_of(row: Model) -> Attempts {
    Attempts { failures: row.failures, window_ends_at: row.window_ends_at }
}
