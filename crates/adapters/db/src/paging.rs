//! Lists: an order and a position become `ORDER BY` and a keyset predicate, so that no page costs more than the first.
//!
//! A list declares the column behind each field that it can be sorted by ([`Listed`]); all else is the same for all.
//! Columns that lists sort by are never null and compare byte by byte, so that every engine puts the rows in the same
//! order.

use ports::{Error, KeyValue, Kind, Page, PageOf, Result, Start};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic, ModelTrait, Order, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select, Value,
};

use crate::dialect::Dialect;
use crate::error::During;

/// A table that is listed.
pub(crate) trait Listed: EntityTrait {
    /// The snowflake, which decides between rows that are alike.
    const ID: Self::Column;

    /// The column that rows are sorted by when a caller names this field.
    fn sort_column(field: &str) -> Option<Self::Column>;
}

/// The rows of one page. Asks for one row more than fits, which tells whether more follow without counting.
pub(crate) async fn page<E, C>(
    wanted: Select<E>,
    page: &Page,
    on: &C,
    operation: &'static str,
) -> Result<PageOf<E::Model>>
where
    E: Listed,
    E::Model: ModelTrait<Entity = E>,
    C: ConnectionTrait,
{
    let limit = bounded(page.limit);
    let mut rows = select(wanted, page, Dialect::of(on), operation)?.all(on).await.during(operation)?;
    let fits = usize::try_from(limit).unwrap_or(usize::MAX);
    if rows.len() <= fits {
        return Ok(PageOf { rows, next: None });
    }
    rows.truncate(fits);
    let keys = keys::<E>(page, operation)?;
    let position = |row: &E::Model| keys.iter().map(|(column, _)| key_value(row.get(*column))).collect();
    let next: Option<Option<Vec<KeyValue>>> = rows.last().map(position);
    match next {
        Some(None) => {
            Err(Error::with(Kind::Internal, operation, "a list is sorted by a null or an odd type"))
        }
        next => Ok(PageOf { rows, next: next.flatten() }),
    }
}

/// How many rows there are.
pub(crate) async fn count<E, C>(wanted: Select<E>, on: &C, operation: &'static str) -> Result<u64>
where
    E: EntityTrait,
    E::Model: Send + Sync,
    C: ConnectionTrait,
{
    wanted.count(on).await.during(operation)
}

/// The statement behind [`page`].
pub(crate) fn select<E: Listed>(
    wanted: Select<E>,
    page: &Page,
    dialect: Dialect,
    operation: &'static str,
) -> Result<Select<E>> {
    let keys = keys::<E>(page, operation)?;
    let wanted = match &page.start {
        Start::First => wanted,
        Start::Skip(rows) => wanted.offset(bounded(*rows)),
        Start::After(position) if position.len() == keys.len() => {
            wanted.filter(behind::<E>(&keys, position, dialect))
        }
        Start::After(_) => return Err(unsupported(operation)),
    };
    let ordered = keys.iter().fold(wanted, |query, (column, order)| query.order_by(*column, order.clone()));
    Ok(ordered.limit(bounded(page.limit) + 1))
}

/// The columns of an order, the id last.
fn keys<E: Listed>(page: &Page, operation: &'static str) -> Result<Vec<(E::Column, Order)>> {
    let direction = |descending: bool| if descending { Order::Desc } else { Order::Asc };
    let mut keys = Vec::with_capacity(page.sort.len() + 1);
    for key in &page.sort {
        let column = E::sort_column(key.field).ok_or_else(|| unsupported(operation))?;
        keys.push((column, direction(key.descending)));
    }
    let by_id = keys.last().is_some_and(|(column, _)| column.as_str() == E::ID.as_str());
    if !by_id {
        keys.push((E::ID, direction(page.sort.first().is_some_and(|key| key.descending))));
    }
    Ok(keys)
}

/// Rows behind a position. Where all keys go the same way and the engine can look a row value up in an index, that is
/// one comparison. Otherwise it is spelled out, with a bound on the first key alone, which every engine can look up.
fn behind<E: Listed>(keys: &[(E::Column, Order)], position: &[KeyValue], dialect: Dialect) -> Expr {
    let one_way = keys.iter().all(|(_, order)| *order == keys[0].1);
    if one_way && dialect.seeks_row_values() {
        let columns = Expr::tuple(keys.iter().map(|(column, _)| column.into_expr()));
        let values = Expr::tuple(position.iter().map(|key| Expr::val(value(key))));
        return match keys[0].1 {
            Order::Desc => columns.lt(values),
            _ => columns.gt(values),
        };
    }
    let beyond = |(column, order): &(E::Column, Order), key: &KeyValue| match order {
        Order::Desc => column.lt(value(key)),
        _ => column.gt(value(key)),
    };
    let mut spelled: Option<Expr> = None;
    for (key, at) in keys.iter().zip(position).rev() {
        spelled = Some(match spelled {
            None => beyond(key, at),
            Some(rest) => beyond(key, at).or(key.0.eq(value(at)).and(rest)),
        });
    }
    let bound = match keys[0].1 {
        Order::Desc => keys[0].0.lte(value(&position[0])),
        _ => keys[0].0.gte(value(&position[0])),
    };
    match spelled {
        Some(spelled) if keys.len() > 1 => bound.and(spelled),
        Some(spelled) => spelled,
        None => bound,
    }
}

fn value(key: &KeyValue) -> Value {
    match key {
        KeyValue::Int(number) => (*number).into(),
        KeyValue::Text(text) => text.as_str().into(),
        KeyValue::Time(moment) => (*moment).into(),
    }
}

fn key_value(value: Value) -> Option<KeyValue> {
    match value {
        Value::BigInt(number) => number.map(KeyValue::Int),
        Value::String(text) => text.map(KeyValue::Text),
        Value::ChronoDateTimeUtc(moment) => moment.map(KeyValue::Time),
        _ => None,
    }
}

fn unsupported(operation: &'static str) -> Error {
    Error::with(Kind::Unsupported, operation, "the list has no such order, or the position is of another one")
}

/// The driver counts rows in an `i64` and panics beyond; nobody has that many.
pub(crate) fn bounded(rows: u64) -> u64 {
    Ord::min(rows, u64::from(u32::MAX))
}
