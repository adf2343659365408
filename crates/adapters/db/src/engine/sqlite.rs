//! SQLite: one file, one writing connection, up to four reading ones.
//!
//! SQLite has one writer at a time, so the writing pool has one connection: units of work wait for it
//! asynchronously instead of spinning on `SQLITE_BUSY`. Reads go through a pool of their own and, thanks to the
//! write-ahead log, never wait for a writer nor make one wait.
//!
//! **Invariant:** whoever holds a unit of work must not write through `Store` (failed logins, captured mails,
//! leases): that write would wait for the unit's end, and fail after five seconds.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ports::{ColumnCipher, Error, Kind, Result};
use sea_orm::{DatabaseConnection, SqlxSqliteConnector};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};

use super::server::logged;
use crate::conn::Pools;
use crate::dedicated::Dedicated;
use crate::error::{During, is_busy};
use crate::remarks::{Remarked, Remarks};
use crate::settings::Settings;

const CONNECT: &str = "db.connect";
const READERS: u32 = 4;
/// How long to wait for another process's transaction, and for our own writer.
const BUSY: Duration = Duration::from_secs(5);
/// How long to wait for another process's migrations.
const MIGRATION_WAIT: Duration = Duration::from_secs(60);
const MIGRATION_LOOK: Duration = Duration::from_millis(50);
/// Between two tries to open a file that others are opening.
const CONNECT_LOOK: Duration = Duration::from_millis(20);

/// A database file.
#[derive(Clone)]
pub(crate) struct DatabaseFile {
    path: PathBuf,
    options: SqliteConnectOptions,
}

impl DatabaseFile {
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        let url = settings.url.as_str();
        // Each connection would see a database of its own.
        if url.contains(":memory:") || url.contains("mode=memory") {
            let text = "SQLite in memory is not supported; name a file: sqlite://<path>";
            return Err(Error::with(Kind::Unsupported, CONNECT, text));
        }
        let options = SqliteConnectOptions::from_str(url).during(CONNECT)?;
        let path = options.get_filename().to_owned();
        let options = options
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged write survives a power loss.
            .synchronous(SqliteSynchronous::Full);
        Ok(Self { path, options: logged(options, settings.slow) })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes sure that one API at most serves this file. The lock goes with the process, however it ends.
    pub(crate) fn lock_for_api(&self) -> Result<File> {
        let path = beside(&self.path, ".api.lock");
        let lock = open_lock(&path)?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => {
                let text = format!(
                    "another mainstay-api is running on this SQLite file; stop it (it holds {}) or use PostgreSQL",
                    path.display()
                );
                Err(Error::with(Kind::Conflict, CONNECT, text))
            }
            Err(TryLockError::Error(error)) => Err(Error::with(Kind::Unavailable, CONNECT, error)),
        }
    }

    /// The writer first: it creates the file and switches it to the write-ahead log.
    pub(crate) async fn open(&self, cipher: Arc<dyn ColumnCipher>, remarks: &Remarks) -> Result<Pools> {
        create_parent(&self.path)?;
        let write = self.pool(1, self.options.clone()).await?;
        let reading = self.options.clone().pragma("query_only", "on");
        let read = self.pool(READERS, reading).await?;
        let (read, write) = (Remarked::new(read, remarks.clone()), Remarked::new(write, remarks.clone()));
        Ok(Pools { read, write, dedicated: Dedicated::default(), cipher })
    }

    pub(crate) async fn heartbeat(&self) -> Result<DatabaseConnection> {
        let options = self.options.clone();
        self.pool(1, options.synchronous(SqliteSynchronous::Normal).busy_timeout(Duration::from_secs(1)))
            .await
    }

    /// One connection of its own.
    pub(crate) async fn single(&self) -> Result<DatabaseConnection> {
        self.pool(1, self.options.clone()).await
    }

    pub(crate) async fn lock_for_migration(&self) -> Result<File> {
        create_parent(&self.path)?;
        let lock = open_lock(&beside(&self.path, ".migrate.lock"))?;
        let taken = async {
            loop {
                match lock.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::WouldBlock) => tokio::time::sleep(MIGRATION_LOOK).await,
                    Err(TryLockError::Error(error)) => return Err(error),
                }
            }
        };
        match tokio::time::timeout(MIGRATION_WAIT, taken).await {
            Ok(Ok(())) => Ok(lock),
            Ok(Err(error)) => Err(Error::with(Kind::Unavailable, "db.migrate", error)),
            Err(_) => Err(Error::with(Kind::Unavailable, "db.migrate", "another process is still migrating")),
        }
    }

    async fn pool(&self, connections: u32, options: SqliteConnectOptions) -> Result<DatabaseConnection> {
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(BUSY)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(std::future::ready(Ok(is_fit(connection)))));
        let pool = connect(pool, &options).await.during(CONNECT)?;
        Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
    }
}

/// Of several processes that switch a new file to the write-ahead log, all but one are refused, and at once: SQLite sees
/// a deadlock in their waiting for each other. A moment later there is nothing left to switch.
async fn connect(
    pool: SqlitePoolOptions,
    options: &SqliteConnectOptions,
) -> std::result::Result<SqlitePool, sqlx::Error> {
    let begun = Instant::now();
    loop {
        match pool.clone().connect_with(options.clone()).await {
            Err(error) if is_busy(&error) && begun.elapsed() < BUSY => {
                tokio::time::sleep(CONNECT_LOOK).await;
            }
            done => return done,
        }
    }
}

/// A `COMMIT` that fails because the disk is full rolls back by itself, whereupon the driver's own `ROLLBACK`
/// fails and its count of open transactions stays wrong for good. Such a connection is replaced.
fn is_fit(connection: &SqliteConnection) -> bool {
    !sqlx::Connection::is_in_transaction(connection)
}

fn create_parent(path: &Path) -> Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => {
            std::fs::create_dir_all(parent).map_err(|error| Error::with(Kind::Unavailable, CONNECT, error))
        }
        _ => Ok(()),
    }
}

fn open_lock(path: &Path) -> Result<File> {
    create_parent(path)?;
    let open = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    open.map_err(|error| Error::with(Kind::Unavailable, CONNECT, error))
}

/// The same name with something after it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
