//! Locks, by the server's clock, and the fence in front of what they protect.

use std::time::Duration;

use async_trait::async_trait;
use ports::{Error, Fences, Kind, Lease, Locks, Result};
use sea_orm::{ConnectionTrait, Value};

use crate::conn::{Conn, Link, Pools, Work, begin};
use crate::dialect::{Dialect, statement};
use crate::error::During;

/// [`Locks`] over the pools.
pub(crate) struct DbLocks {
    pub(crate) conn: Conn<Pools>,
}

impl DbLocks {
    /// Takes a lock that nobody holds. `None` when somebody does, and when it has never been there.
    async fn take(&self, name: &str, ttl: Duration) -> Result<Option<Lease>> {
        const OPERATION: &str = "locks.acquire";
        let work = begin(self.conn.0.write().plain(), OPERATION).await?;
        let now = Dialect::of(&work).now_millis();
        let sql = format!(
            "UPDATE locks SET token = token + 1, expires_at = {now} + $2 WHERE name = $1 AND expires_at <= {now}"
        );
        // The row stays locked until the commit: the token that is read is the one that was written.
        if changed(&work, &sql, [name.into(), millis(ttl)], OPERATION).await? == 0 {
            return Ok(None);
        }
        let token = token(&work, name, OPERATION).await?;
        work.commit().await.during(OPERATION)?;
        Ok(token.map(|token| Lease { name: name.to_owned(), token }))
    }
}

#[async_trait]
impl Locks for DbLocks {
    async fn acquire(&self, name: &str, ttl: Duration) -> Result<Option<Lease>> {
        if let Some(lease) = self.take(name, ttl).await? {
            return Ok(Some(lease));
        }
        let connection = self.conn.0.write();
        let (insert, unless_taken) = Dialect::of(connection).insert_unless_taken();
        let sql = format!(
            "{insert} INTO locks (name, token, expires_at, passes) VALUES ($1, 0, 0, 0) {unless_taken}"
        );
        match changed(connection, &sql, [name.into()], "locks.acquire").await? {
            0 => Ok(None),
            _ => self.take(name, ttl).await,
        }
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<()> {
        const OPERATION: &str = "locks.renew";
        let connection = self.conn.0.write();
        let now = Dialect::of(connection).now_millis();
        let sql = format!(
            "UPDATE locks SET expires_at = {now} + $3, passes = passes + 1 WHERE name = $1 AND token = $2 AND expires_at > {now}"
        );
        let values = [lease.name.as_str().into(), lease.token.into(), millis(ttl)];
        match changed(connection, &sql, values, OPERATION).await? {
            0 => Err(Error::new(Kind::Precondition, OPERATION)),
            _ => Ok(()),
        }
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        let sql = "UPDATE locks SET expires_at = 0 WHERE name = $1 AND token = $2";
        let values = [lease.name.as_str().into(), lease.token.into()];
        changed(self.conn.0.write(), sql, values, "locks.release").await.map(drop)
    }
}

#[async_trait]
impl Fences for Conn<Work> {
    /// `passes` is written so that every engine changes, and thereby locks, the row, also where the token stays.
    async fn pass(&self, lease: &Lease) -> Result<()> {
        const OPERATION: &str = "fences.pass";
        let connection = self.0.write();
        let sql = "UPDATE locks SET token = CASE WHEN token < $2 THEN $2 ELSE token END, passes = passes + 1 WHERE name = $1";
        let values = || [lease.name.as_str().into(), lease.token.into()];
        if changed(connection, sql, values(), OPERATION).await? == 0 {
            // Given out elsewhere. Of two who are the first at the same time one fails, and may come again.
            let sql = "INSERT INTO locks (name, token, expires_at, passes) VALUES ($1, $2, 0, 1)";
            changed(connection, sql, values(), OPERATION).await?;
        }
        match token(connection, &lease.name, OPERATION).await? {
            Some(largest) if largest == lease.token => Ok(()),
            _ => Err(Error::new(Kind::Precondition, OPERATION)),
        }
    }
}

async fn changed<const N: usize>(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
    operation: &'static str,
) -> Result<u64> {
    let done = connection.execute_raw(statement(connection, sql, values)).await.during(operation)?;
    Ok(done.rows_affected())
}

async fn token(
    connection: &impl ConnectionTrait,
    name: &str,
    operation: &'static str,
) -> Result<Option<i64>> {
    let sql = "SELECT token FROM locks WHERE name = $1";
    let row = connection.query_one_raw(statement(connection, sql, [name.into()])).await.during(operation)?;
    row.map(|row| row.try_get_by(0)).transpose().during(operation)
}

fn millis(ttl: Duration) -> Value {
    i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4).into()
}
