//! Lists from new to old.

use ports::{Page, PageOf};
use sea_orm::ColumnTrait;
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, ModelTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

/// Runs a filtered query for one page. Asks for one row more than fits, which tells whether more follow
/// without counting.
pub(crate) async fn page<E>(
    query: Select<E>,
    id: E::Column,
    page: Page,
    connection: &impl ConnectionTrait,
) -> Result<PageOf<E::Model>, DbErr>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E>,
{
    let query = match page.before {
        Some(before) => query.filter(id.lt(before)),
        None => query,
    };
    let limit = bounded(page.limit);
    let mut rows =
        query.order_by_desc(id).offset(bounded(page.offset)).limit(limit + 1).all(connection).await?;
    let fits = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > fits;
    rows.truncate(fits);
    Ok(PageOf { rows, has_more })
}

/// The driver counts rows in an `i64` and panics beyond; nobody has that many.
pub(crate) fn bounded(rows: u64) -> u64 {
    rows.min(u64::from(u32::MAX))
}
