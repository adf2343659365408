//! PostgreSQL: one pool for reads and units of work, and one connection that listens.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use ports::{ColumnCipher, Error, Kind, Result};
use sea_orm::{ConnectionTrait, DatabaseConnection, SqlxPostgresConnector};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolOptions};
use tokio_util::task::AbortOnDropHandle;

use crate::conn::Pools;
use crate::dedicated::Dedicated;
use crate::error::During;
use crate::settings::Settings;
use crate::wakeups::Wake;

const CONNECT: &str = "db.connect";
/// For a free connection, and for a new one.
const ACQUIRE: Duration = Duration::from_secs(3);
/// A connection that has been idle for so long is asked first whether it is still there.
const DOUBTFUL: Duration = Duration::from_secs(30);
/// Runaway statements end. Shorter than a node's lease for idle transactions: what a suspended process left open
/// is rolled back before others may take it for gone.
const LIMITS: [(&str, &str); 2] =
    [("statement_timeout", "30s"), ("idle_in_transaction_session_timeout", "20s")];
const MIGRATION_LIMITS: [(&str, &str); 1] = [("lock_timeout", "10s")];
/// Between two tries to listen again.
const RELISTEN: Duration = Duration::from_millis(500);
/// How long to wait for another process's migrations.
const MIGRATION_WAIT: Duration = Duration::from_secs(60);
const MIGRATION_LOOK: Duration = Duration::from_millis(100);
/// Any number, as long as every version uses the same ("mainstay" in ASCII).
const MIGRATION_LOCK: i64 = 0x6d61_696e_7374_6179;

/// A database on a server.
#[derive(Clone)]
pub(crate) struct Server {
    options: PgConnectOptions,
    max_connections: u32,
    threads: u32,
}

/// How many connections whoever gets.
struct Shares {
    background: u32,
    dedicated: Vec<u32>,
}

/// A quarter, and two at least, for jobs, events and health; the rest for the threads that serve requests, two
/// at least for each.
fn shares(connections: u32, threads: u32) -> Shares {
    let background = (connections / 4).max(2).min(connections);
    let rest = connections - background;
    let threads = threads.min(rest / 2);
    if threads == 0 {
        return Shares { background: connections, dedicated: Vec::new() };
    }
    let one_more = rest % threads;
    let share = |thread| rest / threads + u32::from(thread < one_more);
    Shares { background, dedicated: (0..threads).map(share).collect() }
}

impl Server {
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        let options = PgConnectOptions::from_str(&settings.url).during(CONNECT)?;
        let options = options.application_name(settings.kind.application_name()).disable_statement_logging();
        let threads = u32::try_from(settings.threads).unwrap_or(u32::MAX);
        Ok(Self { options, max_connections: settings.max_connections.max(2), threads })
    }

    pub(crate) async fn open(&self, cipher: Arc<dyn ColumnCipher>) -> Result<Pools> {
        self.probe().await?;
        let options = self.options.clone().options(LIMITS);
        let shares = shares(self.max_connections, self.threads);
        let pool = |connections| pool_options(connections).connect_lazy_with(options.clone());
        let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool(shares.background));
        let dedicated =
            shares.dedicated.into_iter().map(pool).map(SqlxPostgresConnector::from_sqlx_postgres_pool);
        Ok(Pools {
            read: connection.clone(),
            write: connection,
            dedicated: Dedicated::new(dedicated.collect()),
            cipher,
        })
    }

    /// A pool hides why it can't connect behind a timeout; one plain connection tells.
    async fn probe(&self) -> Result<()> {
        match tokio::time::timeout(ACQUIRE, self.options.connect()).await {
            Ok(connection) => sqlx::Connection::close(connection.during(CONNECT)?).await.during(CONNECT),
            Err(_) => Err(Error::with(Kind::Unavailable, CONNECT, "no answer within 3 seconds")),
        }
    }

    pub(crate) async fn heartbeat(&self) -> Result<DatabaseConnection> {
        let options = self.options.clone().options(LIMITS).options([("synchronous_commit", "off")]);
        single(options).await
    }

    /// Migrations may take longer than a statement usually may, but not wait for long: behind a lock that is waited
    /// for, everybody waits. The lock is the session's: should the connection
    /// break, the migration ends with it.
    pub(crate) async fn locked_for_migration(&self) -> Result<DatabaseConnection> {
        const OPERATION: &str = "db.migrate";
        let connection = single(self.options.clone().options(MIGRATION_LIMITS)).await?;
        let taken = async {
            let sql = format!("SELECT pg_try_advisory_lock({MIGRATION_LOCK}) AS taken");
            loop {
                let row = connection.query_one_raw(statement(&sql)).await?;
                if row.is_some_and(|row| row.try_get("", "taken").unwrap_or(false)) {
                    return Ok::<_, sea_orm::DbErr>(());
                }
                tokio::time::sleep(MIGRATION_LOOK).await;
            }
        };
        let taken = tokio::time::timeout(MIGRATION_WAIT, taken).await;
        let busy = |_| Error::with(Kind::Unavailable, OPERATION, "another process is still migrating");
        taken.map_err(busy)?.during(OPERATION)?;
        Ok(connection)
    }

    /// Turns notifications into wake-ups until the handle is dropped. Whatever was missed while the connection
    /// was gone is made up for by a wake-up after each new one.
    pub(crate) fn listen(&self, wake: Wake) -> AbortOnDropHandle<()> {
        let options = self.options.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                if let Err(error) = hear(&options, &wake).await {
                    tracing::warn!(%error, "the database can't be listened to; looking from time to time instead");
                }
                tokio::time::sleep(RELISTEN).await;
            }
        }))
    }
}

async fn hear(options: &PgConnectOptions, wake: &Wake) -> std::result::Result<(), sqlx::Error> {
    let pool: PgPool =
        pool_options(1).max_lifetime(None).idle_timeout(None).connect_with(options.clone()).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen("mainstay_wake").await?;
    wake.this_process();
    loop {
        // `None` stands for a lost connection that has been made anew.
        let _ = listener.try_recv().await?;
        wake.this_process();
    }
}

/// One connection of its own, which is never replaced behind its owner's back by age.
async fn single(options: PgConnectOptions) -> Result<DatabaseConnection> {
    let pool = pool_options(1).max_lifetime(None).idle_timeout(None);
    let pool = pool.connect_with(options).await.during(CONNECT)?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}

fn pool_options(max_connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| {
            Box::pin(async move {
                if metadata.idle_for >= DOUBTFUL {
                    sqlx::Connection::ping(connection).await?;
                }
                Ok(is_fit(connection))
            })
        })
}

fn is_fit(connection: &PgConnection) -> bool {
    !sqlx::Connection::is_in_transaction(connection)
}

fn statement(sql: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_goes_without_and_nothing_is_left() {
        for (connections, threads, expected) in [
            (10, 2, (2, vec![4, 4])),
            (10, 3, (2, vec![3, 3, 2])),
            (10, 64, (2, vec![2, 2, 2, 2])),
            (100, 8, (25, vec![10, 10, 10, 9, 9, 9, 9, 9])),
            (3, 2, (3, vec![])),
            (10, 0, (10, vec![])),
        ] {
            let shares = shares(connections, threads);
            assert_eq!(shares.background + shares.dedicated.iter().sum::<u32>(), connections);
            assert_eq!((shares.background, shares.dedicated), expected, "{connections} among {threads}");
        }
    }
}
