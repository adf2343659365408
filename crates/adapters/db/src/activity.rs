//! How much accounts are used, by the view `user_activity`.

use async_trait::async_trait;
use domain::{Timestamp, UserActivity};
use ports::{ActivityQueries, Error, Kind, Result};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};

use crate::conn::{Conn, Link};
use crate::error::During;

#[async_trait]
impl<L: Link> ActivityQueries for Conn<L> {
    /// The view knows which sessions nobody has ended; what time it is, the caller knows.
    async fn of_user(&self, user_id: i64, now: Timestamp) -> Result<UserActivity> {
        const OPERATION: &str = "activity.of_user";
        let live = Expr::case(Expr::col("live_until").gt(now), Expr::val(1));
        let query = Query::select()
            .expr(Func::min(Expr::col("registered_at")))
            .expr(Func::max(Expr::col("last_used_at")))
            .expr(Func::count(live))
            .from("user_activity")
            .and_where(Expr::col("user_id").eq(user_id))
            .to_owned();
        let row = self.0.read().query_one(&query).await.during(OPERATION)?;
        let missing = || Error::new(Kind::NotFound, OPERATION);
        let row = row.ok_or_else(missing)?;
        let registered_at: Option<Timestamp> = row.try_get_by(0).during(OPERATION)?;
        Ok(UserActivity {
            registered_at: registered_at.ok_or_else(missing)?,
            last_active_at: row.try_get_by(1).during(OPERATION)?,
            active_sessions: u64::try_from(row.try_get_by::<i64, _>(2).during(OPERATION)?).unwrap_or(0),
        })
    }
}
