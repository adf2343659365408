//! Values that are kept encrypted, whichever table they are in.
//!
//! A further one is a line in [`COLUMNS`], its columns `<name>_sealed` and (to be found by) `<name>_index` in a
//! migration, and [`read`] and [`write`] where its repository maps rows. Tables need `id` and `uuid`.

use async_trait::async_trait;
use ports::{ColumnCipher, Result, SealedColumn, SealedQueries, SealedRepo, StaleValue, Stretch};
use sea_orm::sea_query::{Alias, Cond, Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use secrecy::zeroize::Zeroizing;
use uuid::Uuid;

use crate::conn::{Conn, Link, Work};
use crate::error::{During, unreadable};
use crate::paging::bounded;

/// A user's telephone number.
pub(crate) const PHONE: SealedColumn = SealedColumn { table: "users", name: "phone", findable: true };

/// What an authenticator app knows.
pub(crate) const TOTP: SealedColumn =
    SealedColumn { table: "totp_enrollments", name: "secret", findable: false };

/// A key of a person's own.
pub(crate) const PERSON: SealedColumn = SealedColumn { table: "person_keys", name: "key", findable: false };

const COLUMNS: &[SealedColumn] = &[PHONE, TOTP, PERSON];

/// A value on its way into a row.
pub(crate) struct Written {
    pub(crate) sealed: Option<Vec<u8>>,
    /// `None` for columns that nobody searches.
    pub(crate) index: Option<Vec<u8>>,
}

/// Encrypts a value for a row.
pub(crate) fn write(
    cipher: &dyn ColumnCipher,
    column: SealedColumn,
    row: Uuid,
    value: Option<&str>,
) -> Result<Written> {
    let Some(value) = value else { return Ok(Written { sealed: None, index: None }) };
    let index = column.findable.then(|| cipher.index(column, value.as_bytes())).transpose()?;
    Ok(Written { sealed: Some(cipher.seal(column, row, value.as_bytes())?), index })
}

/// Decrypts the value of a row.
pub(crate) fn read(
    cipher: &dyn ColumnCipher,
    column: SealedColumn,
    row: Uuid,
    sealed: Option<&[u8]>,
    operation: &'static str,
) -> Result<Option<Zeroizing<String>>> {
    let Some(sealed) = sealed else { return Ok(None) };
    let plain = cipher.open(column, row, sealed)?;
    let text = std::str::from_utf8(&plain).map_err(|_| unreadable(operation, column.name))?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

/// What rows with this value may have as their index.
pub(crate) fn indices(cipher: &dyn ColumnCipher, column: SealedColumn, value: &str) -> Vec<Vec<u8>> {
    cipher.indices(column, value.as_bytes())
}

#[async_trait]
impl<L: Link> SealedQueries for Conn<L> {
    fn columns(&self) -> &'static [SealedColumn] {
        COLUMNS
    }

    async fn span(&self, column: SealedColumn) -> Result<Option<(i64, i64)>> {
        let query = Query::select()
            .expr_as(Expr::col("id").min(), "first")
            .expr_as(Expr::col("id").max(), "last")
            .from(column.table)
            .to_owned();
        let row = self.0.read().query_one(&query).await.during("sealed.span")?;
        let bounds = |row: QueryResult| {
            let (first, last): (Option<i64>, Option<i64>) =
                (row.try_get("", "first")?, row.try_get("", "last")?);
            Ok::<_, DbErr>(first.zip(last))
        };
        Ok(row.map(bounds).transpose().during("sealed.span")?.flatten())
    }

    async fn stale(&self, column: SealedColumn, after: i64, limit: u64) -> Result<Stretch> {
        const OPERATION: &str = "sealed.stale";
        let next = last_of_stretch(self.0.read(), column, after, limit).await?;
        let floor = self.0.cipher().floor()?;
        let (sealed, index) = names(column);
        let mut outdated = Cond::any().add(Expr::col(sealed.clone()).lt(floor.sealed));
        if column.findable {
            outdated = outdated.add(Expr::col(index.clone()).lt(floor.index)).add(Expr::col(index).is_null());
        }
        let mut query = Query::select();
        query
            .columns([Alias::new("id"), Alias::new("uuid"), sealed.clone()])
            .from(column.table)
            .and_where(Expr::col("id").gt(after))
            .and_where(Expr::col(sealed.clone()).is_not_null())
            .cond_where(outdated)
            .order_by("id", Order::Asc);
        if let Some(next) = next {
            query.and_where(Expr::col("id").lte(next));
        }
        let rows = self.0.read().query_all(&query).await.during(OPERATION)?;
        let value = |row: &QueryResult| {
            let sealed = row.try_get("", &format!("{}_sealed", column.name))?;
            Ok::<_, DbErr>(StaleValue { id: row.try_get("", "id")?, row: row.try_get("", "uuid")?, sealed })
        };
        let stale = rows.iter().map(value).collect::<std::result::Result<_, _>>().during(OPERATION)?;
        Ok(Stretch { stale, next })
    }
}

#[async_trait]
impl SealedRepo for Conn<Work> {
    async fn renew(&self, column: SealedColumn, values: &[StaleValue]) -> Result<u64> {
        let cipher = self.0.cipher();
        let (sealed, index) = names(column);
        let mut renewed = 0;
        for value in values {
            let plain = cipher.open(column, value.row, &value.sealed)?;
            let mut update = Query::update();
            update
                .table(column.table)
                .value(sealed.clone(), cipher.seal(column, value.row, &plain)?)
                .and_where(Expr::col("id").eq(value.id))
                // Ciphertexts never repeat: a row that was written meanwhile holds another one.
                .and_where(Expr::col(sealed.clone()).eq(value.sealed.clone()));
            if column.findable {
                update.value(index.clone(), cipher.index(column, &plain)?);
            }
            renewed += self.0.write().execute(&update).await.during("sealed.renew")?.rows_affected();
        }
        Ok(renewed)
    }
}

/// The id of the last row of a full stretch; `None` when the table ends before.
async fn last_of_stretch(
    connection: &impl ConnectionTrait,
    column: SealedColumn,
    after: i64,
    limit: u64,
) -> Result<Option<i64>> {
    const OPERATION: &str = "sealed.stale";
    let query = Query::select()
        .column("id")
        .from(column.table)
        .and_where(Expr::col("id").gt(after))
        .order_by("id", Order::Asc)
        .offset(bounded(limit).saturating_sub(1))
        .limit(1)
        .to_owned();
    let row = connection.query_one(&query).await.during(OPERATION)?;
    row.map(|row| row.try_get("", "id")).transpose().during(OPERATION)
}

/// Where the value is, and what it is found by.
fn names(column: SealedColumn) -> (Alias, Alias) {
    (Alias::new(format!("{}_sealed", column.name)), Alias::new(format!("{}_index", column.name)))
}
