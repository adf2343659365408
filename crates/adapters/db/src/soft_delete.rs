//! Soft delete, the way back, and the end, for any table with the columns of `domain::Base`.
//!
//! Deleting is an update that sets `deleted_at`, so it needs nothing of its own. Rows that refer to a purged one go by
//! their foreign keys.

use domain::{Base, Timestamp};
use ports::{Error, Kind, Result};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use crate::dialect::Dialect;
use crate::error::During;
use crate::paging::bounded;

/// The columns of `domain::Base` that matter here; written by [`aggregate`].
pub(crate) trait Aggregate: EntityTrait {
    const ID: Self::Column;
    const UUID: Self::Column;
    const UPDATED_AT: Self::Column;
    const DELETED_AT: Self::Column;
    const VERSION: Self::Column;
}

/// Says of a table that it has the columns of `domain::Base`.
macro_rules! aggregate {
    ($entity:ty, $column:ident) => {
        impl $crate::soft_delete::Aggregate for $entity {
            const ID: $column = $column::Id;
            const UUID: $column = $column::Uuid;
            const UPDATED_AT: $column = $column::UpdatedAt;
            const DELETED_AT: $column = $column::DeletedAt;
            const VERSION: $column = $column::Version;
        }
    };
}

pub(crate) use aggregate;

/// Rows that are there.
pub(crate) fn live<E: Aggregate>() -> Select<E> {
    E::find().filter(E::DELETED_AT.is_null())
}

/// The same, in the words of the indices that hold only such rows (`keyed("live", …)` in the migrations).
pub(crate) fn live_by_index<E: Aggregate>(dialect: Dialect) -> Select<E> {
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => live(),
        Dialect::Mysql => E::find().filter(Expr::col("live").eq(1)),
    }
}

/// Rows that were deleted and can be restored.
pub(crate) fn deleted<E: Aggregate>() -> Select<E> {
    E::find().filter(E::DELETED_AT.is_not_null())
}

/// Brings a row back that was read at `base.version`.
pub(crate) async fn restore<E: Aggregate>(
    base: &Base,
    on: &impl ConnectionTrait,
    operation: &'static str,
) -> Result<()> {
    let done = E::update_many()
        .col_expr(E::DELETED_AT, Expr::val(Option::<Timestamp>::None))
        .col_expr(E::UPDATED_AT, Expr::val(base.updated_at))
        .col_expr(E::VERSION, Expr::col(E::VERSION).add(1))
        .filter(E::ID.eq(base.id))
        .filter(E::VERSION.eq(base.version))
        .filter(E::DELETED_AT.is_not_null())
        .exec(on)
        .await
        .during(operation)?;
    if done.rows_affected == 0 { Err(Error::new(Kind::Precondition, operation)) } else { Ok(()) }
}

/// Removes rows that were deleted before `before`, the first deleted first. They are locked before they go, so that of
/// two callers one hears of each, and none is restored meanwhile.
pub(crate) async fn purge<E: Aggregate>(
    before: Timestamp,
    limit: u64,
    on: &impl ConnectionTrait,
    operation: &'static str,
) -> Result<Vec<Uuid>> {
    let over = deleted::<E>()
        .select_only()
        .columns([E::ID, E::UUID])
        .filter(E::DELETED_AT.lt(before))
        .order_by_asc(E::DELETED_AT)
        .limit(bounded(limit))
        .lock_exclusive();
    let over: Vec<(i64, Uuid)> = over.into_tuple().all(on).await.during(operation)?;
    if over.is_empty() {
        return Ok(Vec::new());
    }
    let (ids, uuids): (Vec<i64>, Vec<Uuid>) = over.into_iter().unzip();
    E::delete_many().filter(E::ID.is_in(ids)).exec(on).await.during(operation)?;
    Ok(uuids)
}
