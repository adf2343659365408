//! What one engine does in one statement and another in several.
//!
//! PostgreSQL and SQLite tell what a statement has changed (`RETURNING`), delete the rows a sub-select chooses and
//! count only rows that were written. MySQL does neither: there a row is locked, changed and read in a short unit
//! of work of its own, and numbers come back as "last insert id".

use ports::Result;
use sea_orm::sea_query::{Expr, ExprTrait, Func, OnConflict, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait,
    IntoActiveModel, Iterable, ModelTrait, PrimaryKeyToColumn, QueryFilter, QueryTrait, UpdateMany, Value,
};

use super::Dialect;
use crate::conn::begin;
use crate::error::During;
use crate::paging::bounded;

/// Rows to be taken from others who want them, too. SQL with `$1`, `$2`, …
pub(crate) struct Take<'a> {
    /// Where they are; the rows have an `id`.
    pub(crate) table: &'static str,
    /// `SELECT id …` of the candidates, with its order and limit. Locked ones are passed over.
    pub(crate) choose: &'a str,
    /// A condition on each candidate, given the candidates as a set: `id IN {set}`.
    pub(crate) only: Option<&'a (dyn Fn(&str) -> String + Sync)>,
    /// What is changed about those that stand the condition.
    pub(crate) set: &'static str,
    /// In the order of their numbers; each part uses which it likes.
    pub(crate) values: Vec<Value>,
    pub(crate) operation: &'static str,
}

/// Changes rows that nobody else takes meanwhile, and gives them as they are then, in any order.
pub(crate) async fn take<E: EntityTrait>(
    connection: &DatabaseConnection,
    of: Take<'_>,
) -> Result<Vec<E::Model>> {
    match Dialect::of(connection) {
        Dialect::Mysql => take_by_lock::<E>(connection, of).await,
        dialect => take_at_once::<E>(connection, dialect, of).await,
    }
}

/// The same, as a part of a unit of work.
pub(crate) async fn take_in<E: EntityTrait>(
    work: &DatabaseTransaction,
    of: Take<'_>,
) -> Result<Vec<E::Model>> {
    match Dialect::of(work) {
        Dialect::Mysql => take_locked::<E>(work, of).await,
        dialect => take_at_once::<E>(work, dialect, of).await,
    }
}

/// The rows are chosen in a `WITH`, which the engine evaluates once: in a plain sub-select PostgreSQL may start
/// over after having updated some rows, and take more than `LIMIT`. SQLite has one writer at a time anyway.
async fn take_at_once<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    dialect: Dialect,
    Take { table, choose, only, set, values, operation }: Take<'_>,
) -> Result<Vec<E::Model>> {
    const CHOSEN: &str = "(SELECT id FROM chosen)";
    let lock = if dialect == Dialect::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
    let only = only.map(|only| format!("AND {}", only(CHOSEN))).unwrap_or_default();
    let sql = format!(
        "WITH chosen AS ({choose} {lock}) UPDATE {table} SET {set} WHERE id IN {CHOSEN} {only} RETURNING *"
    );
    let statement = sea_orm::Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    E::find().from_raw_sql(statement).all(connection).await.during(operation)
}

async fn take_by_lock<E: EntityTrait>(
    connection: &DatabaseConnection,
    of: Take<'_>,
) -> Result<Vec<E::Model>> {
    let operation = of.operation;
    let work = begin(connection, operation).await?;
    let rows = take_locked::<E>(&work, of).await?;
    if rows.is_empty() {
        // Not left to the drop, which does not wait: what was looked at stays locked until then, and others would
        // pass over it.
        work.rollback().await.during(operation)?;
    } else {
        work.commit().await.during(operation)?;
    }
    Ok(rows)
}

async fn take_locked<E: EntityTrait>(
    work: &DatabaseTransaction,
    Take { table, choose, only, set, values, operation }: Take<'_>,
) -> Result<Vec<E::Model>> {
    let choose = format!("{choose} FOR UPDATE SKIP LOCKED");
    let mut ids = ids(work, &choose, values.clone()).await.during(operation)?;
    if let Some(only) = only {
        let (set, values) = with_set(&ids, values.clone());
        let sql = format!("SELECT id FROM {table} WHERE id IN {set} AND {}", only(&set));
        ids = self::ids(work, &sql, values).await.during(operation)?;
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (chosen, values) = with_set(&ids, values);
    let update = format!("UPDATE {table} SET {set} WHERE id IN {chosen}");
    work.execute_raw(numbered(work, &update, values)).await.during(operation)?;
    let (chosen, values) = with_set(&ids, Vec::new());
    let select = numbered(work, &format!("SELECT * FROM {table} WHERE id IN {chosen}"), values);
    E::find().from_raw_sql(select).all(work).await.during(operation)
}

async fn ids(
    work: &DatabaseTransaction,
    sql: &str,
    values: Vec<Value>,
) -> std::result::Result<Vec<i64>, DbErr> {
    let rows = work.query_all_raw(numbered(work, sql, values)).await?;
    rows.iter().map(|row| row.try_get_by(0)).collect()
}

fn numbered(work: &DatabaseTransaction, sql: &str, values: Vec<Value>) -> sea_orm::Statement {
    let (sql, values) = Dialect::of(work).numbered(sql, values);
    sea_orm::Statement::from_sql_and_values(work.get_database_backend(), sql, values)
}

/// A set of these ids as placeholders after the values there are. Its size is a power of two (the last id stands
/// in it several times; nothing has the id 0), so that the driver prepares few different statements.
fn with_set(ids: &[i64], mut values: Vec<Value>) -> (String, Vec<Value>) {
    let last = ids.last().copied().unwrap_or(0);
    let size = ids.len().max(1).next_power_of_two();
    let padded = ids.iter().copied().chain(std::iter::repeat(last)).take(size);
    let placeholders: Vec<String> = (1..=size).map(|number| format!("${}", values.len() + number)).collect();
    values.extend(padded.map(Value::from));
    (format!("({})", placeholders.join(", ")), values)
}

/// Deletes rows that fit, so many at most; how many it were.
pub(crate) async fn delete_some<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    which: Expr,
    limit: u64,
) -> std::result::Result<u64, DbErr> {
    let mut delete = Query::delete().from_table(E::default()).to_owned();
    if Dialect::of(connection) == Dialect::Mysql {
        delete.and_where(which).limit(bounded(limit));
    } else {
        delete.and_where(among_some::<E>(which, limit));
    }
    Ok(connection.execute(&delete).await?.rows_affected())
}

/// Changes rows that fit, so many at most; how many it were. They have one key.
pub(crate) async fn update_some<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    change: UpdateMany<E>,
    which: Condition,
    limit: u64,
) -> std::result::Result<u64, DbErr> {
    let mut change = change.into_query();
    if Dialect::of(connection) == Dialect::Mysql {
        change.and_where(which.into()).limit(bounded(limit));
    } else {
        change.and_where(among_some::<E>(which.into(), limit));
    }
    Ok(connection.execute(&change).await?.rows_affected())
}

/// Whether a row is among so many that fit, where a change itself takes no limit.
fn among_some<E: EntityTrait>(which: Expr, limit: u64) -> Expr {
    let key: Vec<_> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let some = Query::select()
        .columns(key.iter().copied())
        .from(E::default())
        .and_where(which)
        .limit(bounded(limit))
        .to_owned();
    Expr::tuple(key.into_iter().map(Expr::col)).in_subquery(some)
}

/// Whether an `INSERT` that leaves alone what is there has written its row, given how many rows it affected.
pub(crate) async fn has_written<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    affected: u64,
    id: <E::PrimaryKey as sea_orm::PrimaryKeyTrait>::ValueType,
) -> std::result::Result<bool, DbErr> {
    if Dialect::of(connection).counts_only_written() {
        return Ok(affected > 0);
    }
    Ok(E::find_by_id(id).one(connection).await?.is_some())
}

/// Inserts a row or, where its key is taken, sets the counter and then the other column of the row that is there;
/// the row then. At the same time as others, each sees its own number.
pub(crate) async fn count_up<E>(
    connection: &impl ConnectionTrait,
    first: E::Model,
    key: &[E::Column],
    counter: (E::Column, Expr),
    other: (E::Column, Expr),
) -> std::result::Result<E::Model, DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel> + ModelTrait<Entity = E>,
{
    let dialect = Dialect::of(connection);
    let (column, number) = counter;
    let number = match dialect {
        Dialect::Sqlite | Dialect::Postgres => number,
        Dialect::Mysql => Func::cust("LAST_INSERT_ID").arg(number).into(),
    };
    let taken = OnConflict::columns(key.iter().copied()).values([(column, number), other]).to_owned();
    let insert = E::insert(first.clone().into_active_model()).on_conflict(taken);
    if dialect != Dialect::Mysql {
        return insert.exec_with_returning(connection).await;
    }
    let done = connection.execute(&insert.into_query()).await?;
    let number = i32::try_from(done.last_insert_id()).unwrap_or(i32::MAX);
    if number == 0 {
        return Ok(first);
    }
    let same = key.iter().fold(E::find(), |query, column| query.filter(column.eq(first.get(*column))));
    let mut row = same.one(connection).await?.unwrap_or(first);
    row.set(column, number.into());
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_come_in_few_sizes() {
        for (ids, text) in [
            (vec![], "($2)"),
            (vec![7], "($2)"),
            (vec![7, 8], "($2, $3)"),
            (vec![7, 8, 9], "($2, $3, $4, $5)"),
        ] {
            let (set, values) = with_set(&ids, vec![1.into()]);
            assert_eq!(set, text);
            let padded = values[1..].iter().all(|value| {
                ids.is_empty() && *value == 0_i64.into() || ids.iter().any(|id| *value == (*id).into())
            });
            assert!(padded, "{values:?}");
        }
    }
}
