//! Failed logins.

use async_trait::async_trait;
use domain::{Attempts, Lockout, Timestamp};
use ports::{LoginAttempts, Result};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::conn::{Conn, Link};
use crate::dialect::{count_up, delete_some};
use crate::entity::login_attempts::{Column, Entity, Model};
use crate::error::During;

#[async_trait]
impl<L: Link> LoginAttempts for Conn<L> {
    async fn get(&self, identifier: &[u8], network: &str) -> Result<Option<Attempts>> {
        let query = Entity::find_by_id((identifier.to_owned(), network.to_owned()));
        Ok(query.one(self.0.read()).await.during("login_attempts.get")?.map(attempts_of))
    }

    /// Counted by the database, so that failures at the same time all count.
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
        let key = [Column::Identifier, Column::Network];
        let number = (Column::Failures, failures.into());
        let window = (Column::WindowEndsAt, window.into());
        let counted = count_up::<Entity>(self.0.write(), first, &key, number, window).await;
        Ok(attempts_of(counted.during("login_attempts.fail")?))
    }

    async fn clear(&self, identifier: &[u8], network: &str) -> Result<()> {
        let delete = Entity::delete_many()
            .filter(Column::Identifier.eq(identifier))
            .filter(Column::Network.eq(network));
        delete.exec(self.0.write()).await.during("login_attempts.clear")?;
        Ok(())
    }

    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64> {
        let over = Column::WindowEndsAt.lt(before);
        delete_some::<Entity>(self.0.write(), over, limit).await.during("login_attempts.purge")
    }
}

fn attempts_of(row: Model) -> Attempts {
    Attempts { failures: row.failures, window_ends_at: row.window_ends_at }
}
