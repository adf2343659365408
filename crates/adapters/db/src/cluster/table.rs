//! The statements on `nodes`. Time is the server's, so that hosts whose clocks differ agree.

use std::time::Duration;

use ports::{Error, Kind, Result};
use sea_orm::{ConnectionTrait, DatabaseConnection, FromQueryResult, Value};
use uuid::Uuid;

use crate::dialect::{Dialect, statement};
use crate::error::During;

/// Node ids are 0 to 1023: ten bits of a snowflake.
pub(super) const NODES: u16 = 1024;
/// How long a row is good for after a heartbeat, in milliseconds of the server's clock.
const GOOD_FOR: i64 = 30_000;

/// A row of `nodes`.
#[derive(Debug, FromQueryResult)]
pub(super) struct Row {
    pub(super) id: i16,
    pub(super) holder: Uuid,
    pub(super) beat: i64,
    /// 1 while the row is good. A number because engines differ in what a comparison gives.
    alive: i32,
}

impl Row {
    pub(super) fn is_alive(&self) -> bool {
        self.alive == 1
    }

    /// Buried rows bear no name.
    pub(super) fn is_buried(&self) -> bool {
        self.holder.is_nil()
    }
}

/// A node id that was just taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) id: u16,
    /// It had another owner, whose lease ran out by the server's clock alone.
    pub(super) second_hand: bool,
}

/// All rows.
pub(super) async fn rows(connection: &DatabaseConnection) -> Result<Vec<Row>> {
    let now = Dialect::of(connection).now_millis();
    let sql = format!(
        "SELECT id, holder, beat, CASE WHEN expires_at > {now} THEN 1 ELSE 0 END AS alive FROM nodes ORDER BY id"
    );
    Row::find_by_statement(statement(connection, &sql, [])).all(connection).await.during("cluster.rows")
}

/// How long ago, by this server's clock, the newest heartbeat was that it knows of. On a copy: how far it is behind,
/// as long as any process lives.
pub(crate) async fn age_of_news(connection: &DatabaseConnection) -> Result<Duration> {
    const OPERATION: &str = "cluster.age_of_news";
    let now = Dialect::of(connection).now_millis();
    let sql = format!("SELECT {now} - MAX(expires_at) + {GOOD_FOR} FROM nodes");
    let row = connection.query_one_raw(statement(connection, &sql, [])).await.during(OPERATION)?;
    let age: Option<i64> = row.map(|row| row.try_get_by(0)).transpose().during(OPERATION)?.flatten();
    // Nothing has ever been heard of anybody, or clocks differ a little.
    Ok(age.map_or(Duration::MAX, |age| Duration::from_millis(u64::try_from(age).unwrap_or(0))))
}

/// Takes the lowest id that is free or whose lease is over. Nothing when others were faster or all are taken.
pub(super) async fn take_any(connection: &DatabaseConnection, holder: Uuid) -> Result<Option<Taken>> {
    let rows = rows(connection).await?;
    let is_alive = |id: u16| rows.iter().any(|row| u16::try_from(row.id) == Ok(id) && row.is_alive());
    let Some(id) = (0..NODES).find(|id| !is_alive(*id)) else {
        return Err(Error::with(Kind::Conflict, "cluster.join", "all 1024 node ids are taken"));
    };
    take(connection, id, holder).await
}

/// Takes this id, if it is free or its lease is over.
pub(super) async fn take(connection: &DatabaseConnection, id: u16, holder: Uuid) -> Result<Option<Taken>> {
    let now = Dialect::of(connection).now_millis();
    let (insert, unless_taken) = Dialect::of(connection).insert_unless_taken();
    let insert = format!(
        "{insert} INTO nodes (id, holder, beat, expires_at) VALUES ($1, $2, 1, {now} + {GOOD_FOR}) {unless_taken}"
    );
    if changes(connection, &insert, [id_value(id), holder.into()]).await? {
        return Ok(Some(Taken { id, second_hand: false }));
    }
    let replace = format!(
        "UPDATE nodes SET holder = $2, beat = beat + 1, expires_at = {now} + {GOOD_FOR}
         WHERE id = $1 AND expires_at <= {now}"
    );
    let replaced = changes(connection, &replace, [id_value(id), holder.into()]).await?;
    Ok(replaced.then_some(Taken { id, second_hand: true }))
}

/// Renews the row. False when it is not this holder's any more.
pub(super) async fn beat(connection: &DatabaseConnection, id: u16, holder: Uuid) -> Result<bool> {
    let now = Dialect::of(connection).now_millis();
    let sql = format!(
        "UPDATE nodes SET beat = beat + 1, expires_at = {now} + {GOOD_FOR} WHERE id = $1 AND holder = $2"
    );
    changes(connection, &sql, [id_value(id), holder.into()]).await
}

/// Takes the name from a row whose beat is still the same. The id stays reserved until the lease is over.
pub(super) async fn bury(connection: &DatabaseConnection, holder: Uuid, beat: i64) -> Result<bool> {
    let sql = "UPDATE nodes SET holder = $1 WHERE holder = $2 AND beat = $3";
    changes(connection, sql, [Uuid::nil().into(), holder.into(), beat.into()]).await
}

/// Gives the row back.
pub(super) async fn remove(connection: &DatabaseConnection, id: u16, holder: Uuid) -> Result<()> {
    let sql = "DELETE FROM nodes WHERE id = $1 AND holder = $2";
    changes(connection, sql, [id_value(id), holder.into()]).await.map(|_| ())
}

/// Holders of running jobs or of shares of the outbox that have no row.
pub(super) async fn orphans(connection: &DatabaseConnection) -> Result<Vec<Uuid>> {
    const OPERATION: &str = "cluster.orphans";
    let sql = "SELECT owner FROM (
                 SELECT lease_owner AS owner FROM jobs WHERE status = 'running' AND lease_owner IS NOT NULL
                 UNION SELECT holder AS owner FROM outbox_partitions WHERE holder IS NOT NULL
                 UNION SELECT holder AS owner FROM outbox_relays
               ) AS claims WHERE owner NOT IN (SELECT holder FROM nodes)";
    let rows = connection.query_all_raw(statement(connection, sql, [])).await.during(OPERATION)?;
    rows.iter().map(|row| row.try_get_by(0).during(OPERATION)).collect()
}

async fn changes<const N: usize>(
    connection: &DatabaseConnection,
    sql: &str,
    values: [Value; N],
) -> Result<bool> {
    let done = connection.execute_raw(statement(connection, sql, values)).await.during("cluster.write")?;
    Ok(done.rows_affected() > 0)
}

fn id_value(id: u16) -> Value {
    i16::try_from(id).unwrap_or(i16::MAX).into()
}
