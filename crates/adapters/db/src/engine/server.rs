//! What all database servers have in common, whichever language they speak: pools for whom, connections that are
//! looked at before they are lent, and the wait for the migration lock.

use std::sync::Arc;
use std::time::Duration;

use log::LevelFilter;
use ports::{ColumnCipher, Error, Kind, Result};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use sqlx::pool::PoolOptions;
use sqlx::{ConnectOptions, Connection, Database, Pool};

use crate::conn::Pools;
use crate::dedicated::{Dedicated, Own};
use crate::error::During;
use crate::remarks::{Remarked, Remarks};
use crate::settings::Settings;

pub(super) const CONNECT: &str = "db.connect";
/// For a free connection, and for a new one.
const ACQUIRE: Duration = Duration::from_secs(3);
/// A connection that has been idle for so long is asked first whether it is still there.
const DOUBTFUL: Duration = Duration::from_secs(10);
/// How long to wait for another process's migrations.
const MIGRATION_WAIT: Duration = Duration::from_secs(60);
const MIGRATION_LOOK: Duration = Duration::from_millis(100);

/// What a session may do before the server ends it. Shorter than a node's lease for idle transactions: what a
/// suspended process left open is rolled back before others may take it for gone.
pub(super) const STATEMENT_SECONDS: u32 = 30;
pub(super) const IDLE_TRANSACTION_SECONDS: u32 = 20;

/// How SeaORM takes a pool of this driver.
pub(super) type Wrap<DB> = fn(Pool<DB>) -> DatabaseConnection;

/// How many connections a process may have, and who gets them.
#[derive(Clone, Copy)]
pub(super) struct Size {
    max_connections: u32,
    threads: u32,
}

/// How many connections whoever gets.
#[derive(Debug, PartialEq, Eq)]
struct Shares {
    background: u32,
    dedicated: Vec<u32>,
}

impl Shares {
    /// One for each who reads and one for each who writes, and no more altogether: threads that serve requests read
    /// more than they write, jobs write more.
    fn divided(self) -> (Self, Self) {
        let less = |connections: u32| connections / 2;
        let dedicated = self.dedicated.iter();
        let read = Self {
            background: less(self.background),
            dedicated: dedicated.clone().map(|share| share - less(*share)).collect(),
        };
        let write = Self {
            background: self.background - less(self.background),
            dedicated: dedicated.map(|share| less(*share)).collect(),
        };
        (read, write)
    }
}

impl Size {
    pub(super) fn from_settings(settings: &Settings) -> Self {
        let threads = u32::try_from(settings.threads).unwrap_or(u32::MAX);
        Self { max_connections: settings.max_connections.max(2), threads }
    }

    /// A quarter, and two at least, for jobs, events and health; the rest for the threads that serve requests, two
    /// at least for each.
    fn shares(self) -> Shares {
        let background = (self.max_connections / 4).max(2).min(self.max_connections);
        let rest = self.max_connections - background;
        let threads = self.threads.min(rest / 2);
        if threads == 0 {
            return Shares { background: self.max_connections, dedicated: Vec::new() };
        }
        let one_more = rest % threads;
        let share = |thread| rest / threads + u32::from(thread < one_more);
        Shares { background, dedicated: (0..threads).map(share).collect() }
    }

    /// As many as there may be, for whoever comes.
    pub(super) fn all(self) -> u32 {
        self.max_connections
    }

    /// One pool for reads and units of work, and one for each thread that serves requests.
    pub(super) fn open<DB: Database>(
        self,
        pool: impl Fn(u32) -> Pool<DB>,
        wrap: Wrap<DB>,
        cipher: Arc<dyn ColumnCipher>,
        remarks: &Remarks,
    ) -> Pools {
        let (write, dedicated) = self.shares().open(pool, wrap, remarks);
        Pools { read: write.clone(), write, dedicated: Dedicated::new(dedicated), cipher }
    }

    /// The same number of connections, some of which act as somebody who only reads.
    pub(super) fn open_divided<DB: Database>(
        self,
        [read, write]: [&dyn Fn(u32) -> Pool<DB>; 2],
        wrap: Wrap<DB>,
        cipher: Arc<dyn ColumnCipher>,
        remarks: &Remarks,
    ) -> Pools {
        let (reading, writing) = self.shares().divided();
        let (read, readers) = reading.open(read, wrap, remarks);
        let (write, writers) = writing.open(write, wrap, remarks);
        Pools { read, write, dedicated: Dedicated::divided(readers, writers), cipher }
    }
}

impl Shares {
    /// The pool for whoever comes, and one for each thread.
    fn open<DB: Database>(
        self,
        pool: impl Fn(u32) -> Pool<DB>,
        wrap: Wrap<DB>,
        remarks: &Remarks,
    ) -> (Remarked, Vec<Own>) {
        let wrap = |pool| Remarked::new(wrap(pool), remarks.clone());
        let own = |connections| {
            let pool = pool(connections);
            Own { connection: wrap(pool.clone()), room: Box::new(pool) }
        };
        (wrap(pool(self.background)), self.dedicated.into_iter().map(own).collect())
    }
}

/// Statements are logged when they are slow, as they were prepared: without their values.
pub(super) fn logged<O: ConnectOptions>(options: O, slow: Option<Duration>) -> O {
    let silent = options.disable_statement_logging();
    match slow {
        Some(slow) => silent.log_slow_statements(LevelFilter::Warn, slow),
        None => silent,
    }
}

/// A pool hides why it can't connect behind a timeout; one plain connection tells.
pub(super) async fn probe<O: ConnectOptions<Connection: Sized>>(options: &O) -> Result<O::Connection> {
    match tokio::time::timeout(ACQUIRE, options.connect()).await {
        Ok(connection) => connection.during(CONNECT),
        Err(_) => Err(Error::with(Kind::Unavailable, CONNECT, "no answer within 3 seconds")),
    }
}

pub(super) fn pool_options<DB: Database>(max_connections: u32) -> PoolOptions<DB> {
    PoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .before_acquire(|connection: &mut DB::Connection, metadata| {
            Box::pin(async move {
                if metadata.idle_for >= DOUBTFUL {
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction())
            })
        })
}

/// Options for one connection of its own, which is never replaced behind its owner's back by age.
pub(super) fn single<DB: Database>() -> PoolOptions<DB> {
    pool_options(1).max_lifetime(None).idle_timeout(None)
}

/// Asks until the answer is true: a lock of the session's, so that a migration ends with its connection.
pub(super) async fn wait_for_lock(connection: &DatabaseConnection, try_lock: &str) -> Result<()> {
    const OPERATION: &str = "db.migrate";
    let taken = async {
        loop {
            let statement = Statement::from_string(connection.get_database_backend(), try_lock);
            let row = connection.query_one_raw(statement).await?;
            if row.is_some_and(|row| row.try_get_by(0).unwrap_or(false)) {
                return Ok::<_, sea_orm::DbErr>(());
            }
            tokio::time::sleep(MIGRATION_LOOK).await;
        }
    };
    let taken = tokio::time::timeout(MIGRATION_WAIT, taken).await;
    let busy = |_| Error::with(Kind::Unavailable, OPERATION, "another process is still migrating");
    taken.map_err(busy)?.during(OPERATION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_goes_without_and_nothing_is_left() {
        for (max_connections, threads, expected) in [
            (10, 2, (2, vec![4, 4])),
            (10, 3, (2, vec![3, 3, 2])),
            (10, 64, (2, vec![2, 2, 2, 2])),
            (100, 8, (25, vec![10, 10, 10, 9, 9, 9, 9, 9])),
            (3, 2, (3, vec![])),
            (10, 0, (10, vec![])),
        ] {
            let shares = Size { max_connections, threads }.shares();
            assert_eq!(shares.background + shares.dedicated.iter().sum::<u32>(), max_connections);
            assert_eq!(
                (shares.background, shares.dedicated.clone()),
                expected,
                "{max_connections} among {threads}"
            );
            let (read, write) = shares.divided();
            let all = [&read, &write].map(|half| half.background + half.dedicated.iter().sum::<u32>());
            assert_eq!(all[0] + all[1], max_connections);
            let mut each = [read, write]
                .into_iter()
                .flat_map(|half| half.dedicated.into_iter().chain([half.background]));
            assert!(each.all(|connections| connections > 0), "{max_connections} among {threads}");
        }
    }
}
