//! Keys of requests that may be sent again.

use async_trait::async_trait;
use domain::Timestamp;
use ports::{Answer, Error, IdempotencyKeys, Kind, Reservation, Reserved, Result};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter};

use crate::conn::{Conn, Link};
use crate::dialect::{Dialect, delete_some};
use crate::entity::idempotency_keys::{Column, Entity, Model};
use crate::error::{During, unreadable};

const RESERVE: &str = "idempotency.reserve";
/// Each time the row has changed between our look and our write. Then somebody else is at work on it.
const LOOKS: usize = 3;

#[async_trait]
impl<L: Link> IdempotencyKeys for Conn<L> {
    /// A new key, the usual case, costs one statement (two on MySQL).
    async fn reserve(&self, wanted: &Reservation) -> Result<Reserved> {
        for _ in 0..LOOKS {
            let on = self.0.write();
            let same_key = OnConflict::column(Column::Hash).do_nothing_on([Column::Hash]).to_owned();
            let insert = Entity::insert(row_of(wanted).into_active_model()).on_conflict(same_key);
            let affected = insert.exec_without_returning(on).await.during(RESERVE)?;
            if affected > 0 && Dialect::of(on).counts_only_written() {
                return Ok(Reserved::Granted { token: wanted.token });
            }
            let found = Entity::find_by_id(wanted.key.clone());
            let Some(row) = found.one(on).await.during(RESERVE)? else { continue };
            if row.token == wanted.token {
                return Ok(Reserved::Granted { token: wanted.token });
            }
            if !is_free(&row, wanted.now) {
                return standing(row, wanted);
            }
            let token = wanted.token.max(row.token + 1);
            if self.take_over(wanted, row.token, token).await? {
                return Ok(Reserved::Granted { token });
            }
        }
        Ok(Reserved::Running)
    }

    async fn answer(&self, key: &[u8], token: i64, answer: &Answer) -> Result<()> {
        const OPERATION: &str = "idempotency.answer";
        let internal = |error| Error::with(Kind::Internal, OPERATION, error);
        let headers = serde_json::to_string(&answer.headers).map_err(internal)?;
        let status = i16::try_from(answer.status).unwrap_or(i16::MAX);
        let keep = Entity::update_many()
            .col_expr(Column::Status, Expr::val(status))
            .col_expr(Column::Headers, Expr::val(headers))
            .col_expr(Column::Body, Expr::val(answer.body.clone()))
            .filter(held(key, token));
        let done = keep.exec(self.0.write()).await.during(OPERATION)?;
        if done.rows_affected == 0 { Err(Error::new(Kind::Precondition, OPERATION)) } else { Ok(()) }
    }

    /// The row stays: were it removed, the next holder's token could not be told from an earlier one's.
    async fn release(&self, key: &[u8], token: i64) -> Result<()> {
        let free = Entity::update_many().col_expr(Column::LeaseUntil, Expr::val(None::<Timestamp>));
        let free = free.filter(held(key, token));
        free.exec(self.0.write()).await.during("idempotency.release")?;
        Ok(())
    }

    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64> {
        let over = Column::KeepUntil.lt(before);
        delete_some::<Entity>(self.0.write(), over, limit).await.during("idempotency.purge")
    }
}

impl<L: Link> Conn<L> {
    /// Takes a key whose row is as it was seen, or fails to.
    async fn take_over(&self, wanted: &Reservation, seen: i64, token: i64) -> Result<bool> {
        let unheld =
            Condition::any().add(Column::LeaseUntil.is_null()).add(Column::LeaseUntil.lte(wanted.now));
        let unanswered = Condition::all().add(Column::Status.is_null()).add(unheld);
        let over = Condition::any().add(Column::KeepUntil.lte(wanted.now)).add(unanswered);
        let take = Entity::update_many()
            .col_expr(Column::Fingerprint, Expr::val(wanted.fingerprint.clone()))
            .col_expr(Column::Token, Expr::val(token))
            .col_expr(Column::LeaseUntil, Expr::val(wanted.lease_until))
            .col_expr(Column::KeepUntil, Expr::val(wanted.keep_until))
            .col_expr(Column::Status, Expr::val(None::<i16>))
            .col_expr(Column::Headers, Expr::val(None::<String>))
            .col_expr(Column::Body, Expr::val(None::<Vec<u8>>))
            .filter(Column::Hash.eq(wanted.key.as_slice()))
            .filter(Column::Token.eq(seen))
            .filter(over);
        Ok(take.exec(self.0.write()).await.during(RESERVE)?.rows_affected > 0)
    }
}

/// The row of a key that is held under a token and not answered.
fn held(key: &[u8], token: i64) -> Condition {
    Condition::all()
        .add(Column::Hash.eq(key))
        .add(Column::Token.eq(token))
        .add(Column::LeaseUntil.is_not_null())
        .add(Column::Status.is_null())
}

fn is_free(row: &Model, now: Timestamp) -> bool {
    row.keep_until <= now || (row.status.is_none() && row.lease_until.is_none_or(|until| until <= now))
}

/// What a key says that is not free.
fn standing(row: Model, wanted: &Reservation) -> Result<Reserved> {
    if row.fingerprint != wanted.fingerprint {
        return Ok(Reserved::Different);
    }
    let Some(status) = row.status else { return Ok(Reserved::Running) };
    let unreadable = || unreadable(RESERVE, "answer");
    Ok(Reserved::Answered(Answer {
        status: u16::try_from(status).map_err(|_| unreadable())?,
        headers: serde_json::from_str(&row.headers.unwrap_or_default()).map_err(|_| unreadable())?,
        body: row.body.unwrap_or_default(),
    }))
}

fn row_of(wanted: &Reservation) -> Model {
    Model {
        hash: wanted.key.clone(),
        fingerprint: wanted.fingerprint.clone(),
        token: wanted.token,
        lease_until: Some(wanted.lease_until),
        keep_until: wanted.keep_until,
        status: None,
        headers: None,
        body: None,
    }
}
