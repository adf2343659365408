//! A fresh MySQL or MariaDB database per test. These servers have no templates, and creating tables costs a second
//! where emptying them costs milliseconds: so a database is migrated once, and emptied between the tests that use it
//! in turn. One whose shape a test has changed, or the rows that the migration itself has written, or that can't be
//! emptied, is dropped.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Error, Executor, Row};
use tokio::sync::OnceCell;

use crate::databases::{ANSWER, PREFIX, afterwards, fresh_name, is_leftover, server_url};
use crate::services::require_or_skip;

/// Whoever is leaving has left by then.
const LEAVING: Duration = Duration::from_millis(500);

/// On the same machine TLS protects nothing, and costs a debug build more than the test.
const DEFAULT_URL: &str = "mysql://root@127.0.0.1:3306/?ssl-mode=disabled";
/// Migrated and empty, waiting for the next test.
static READY: Mutex<Vec<Migrated>> = Mutex::new(Vec::new());

/// A database of its own.
pub struct TestDatabase {
    server: MySqlConnectOptions,
    name: String,
    /// None for one that began empty, and is dropped.
    migrated: Option<Migrated>,
}

/// A migrated database, and how it looks after its migration.
#[derive(Clone)]
struct Migrated {
    name: String,
    shape: Vec<String>,
    /// Tables that the migration itself has left rows in, each with the sum over them.
    filled: Vec<(String, i64)>,
}

impl Migrated {
    fn has_filled(&self, table: &str) -> bool {
        self.filled.iter().any(|(filled, _)| filled == table)
    }
}

impl TestDatabase {
    /// A migrated database; `migrate` gets the URL of an empty one, as often as there are none to be had. `None`, after
    /// saying so on stderr, when no server answers.
    pub async fn migrated(migrate: impl AsyncFnOnce(String)) -> Option<Self> {
        let server = server().await?;
        let ready = READY.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let migrated = if let Some(migrated) = ready {
            migrated
        } else {
            let name = create(&server).await;
            migrate(url(&server, &name)).await;
            let mut connection = connect(&server, &name).await.unwrap();
            let shape = shape(&mut connection).await.unwrap();
            Migrated { filled: filled(&mut connection).await.unwrap(), name, shape }
        };
        Some(Self { server, name: migrated.name.clone(), migrated: Some(migrated) })
    }

    /// An empty database; `None`, after saying so on stderr, when no server answers.
    pub async fn empty() -> Option<Self> {
        let server = server().await?;
        let name = create(&server).await;
        Some(Self { server, name, migrated: None })
    }

    /// How to reach it.
    pub fn url(&self) -> String {
        url(&self.server, &self.name)
    }

    /// A connection of the test's own, to look behind the scenes or to break something.
    pub async fn connection(&self) -> MySqlConnection {
        connect(&self.server, &self.name).await.unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name, migrated) = (self.server.clone(), self.name.clone(), self.migrated.take());
        afterwards(move || async move {
            match migrated {
                Some(migrated) if is_emptied(&server, &migrated).await.unwrap_or(false) => {
                    READY.lock().unwrap_or_else(PoisonError::into_inner).push(migrated);
                }
                _ => drop_database(&server, &name).await,
            }
        });
    }
}

async fn server() -> Option<MySqlConnectOptions> {
    static TIDIED: OnceCell<()> = OnceCell::const_new();
    let url = server_url("MAINSTAY_TEST_MYSQL_URL", DEFAULT_URL);
    let options: MySqlConnectOptions = url.parse().expect("MAINSTAY_TEST_MYSQL_URL is a MySQL URL");
    let options = options.disable_statement_logging();
    if let Ok(Ok(connection)) = tokio::time::timeout(ANSWER, options.connect()).await {
        let _ = connection.close().await;
        TIDIED.get_or_init(|| drop_leftovers(&options)).await;
        return Some(options);
    }
    require_or_skip("MariaDB", "service mariadb start, or set MAINSTAY_TEST_MYSQL_URL");
    None
}

/// With a collation that no table should inherit.
async fn create(server: &MySqlConnectOptions) -> String {
    let name = fresh_name();
    let mut connection = server.connect().await.unwrap();
    let sql = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci");
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    let _ = connection.close().await;
    name
}

/// Takes all rows out. False when a test has changed more than rows, or somebody does not let go.
async fn is_emptied(server: &MySqlConnectOptions, database: &Migrated) -> Result<bool, Error> {
    let mut connection = connect(server, &database.name).await?;
    if !disconnect_others(&mut connection).await? || shape(&mut connection).await? != database.shape {
        return Ok(false);
    }
    for (table, before) in &database.filled {
        if sum(&mut connection, table).await? != *before {
            return Ok(false);
        }
    }
    let guarded = "SELECT event_object_table FROM information_schema.triggers
                   WHERE trigger_schema = DATABASE() AND event_manipulation = 'DELETE'";
    let guarded: HashSet<String> = names(&mut connection, guarded).await?.into_iter().collect();
    connection.execute("SET foreign_key_checks = 0").await?;
    for table in tables(&mut connection).await?.iter().filter(|table| !database.has_filled(table)) {
        // No trigger hears of it, but it takes longer.
        let verb = if guarded.contains(table) { "TRUNCATE TABLE" } else { "DELETE FROM" };
        connection.execute(AssertSqlSafe(format!("{verb} {table}"))).await?;
    }
    let _ = connection.close().await;
    Ok(true)
}

/// Ends what the test has left running. Their transactions are rolled back before they are gone. Most are just leaving,
/// and the server may hand what it kept of one that leaves to the next that comes: a `KILL` can end somebody else's.
async fn disconnect_others(connection: &mut MySqlConnection) -> Result<bool, Error> {
    let others = "SELECT CAST(id AS CHAR) FROM information_schema.processlist
                  WHERE db = DATABASE() AND id <> CONNECTION_ID()";
    let begun = Instant::now();
    loop {
        let ids = names(connection, others).await?;
        if ids.is_empty() {
            return Ok(true);
        }
        if begun.elapsed() >= ANSWER {
            return Ok(false);
        }
        let staying = if begun.elapsed() < LEAVING { Vec::new() } else { ids };
        for id in staying {
            // It may have gone by itself.
            let _ = connection.execute(AssertSqlSafe(format!("KILL {id}"))).await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// All columns with their types and keys, all triggers and routines, and the migrations done.
async fn shape(connection: &mut MySqlConnection) -> Result<Vec<String>, Error> {
    let parts = "SELECT CONCAT_WS(' ', table_name, column_name, column_type, column_key) AS part
                   FROM information_schema.columns WHERE table_schema = DATABASE()
                 UNION ALL SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()
                 UNION ALL SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()
                 UNION ALL SELECT version FROM seaql_migrations ORDER BY part";
    names(connection, parts).await
}

async fn filled(connection: &mut MySqlConnection) -> Result<Vec<(String, i64)>, Error> {
    let mut filled = Vec::new();
    for table in tables(connection).await? {
        let one = AssertSqlSafe(format!("SELECT 1 FROM {table} LIMIT 1"));
        if connection.fetch_optional(one).await?.is_some() {
            let sum = sum(connection, &table).await?;
            filled.push((table, sum));
        }
    }
    Ok(filled)
}

/// Over all rows and columns.
async fn sum(connection: &mut MySqlConnection, table: &str) -> Result<i64, Error> {
    connection.fetch_one(AssertSqlSafe(format!("CHECKSUM TABLE {table}"))).await?.try_get(1)
}

async fn tables(connection: &mut MySqlConnection) -> Result<Vec<String>, Error> {
    let tables = "SELECT table_name FROM information_schema.tables
                  WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'";
    names(connection, tables).await
}

async fn names(connection: &mut MySqlConnection, sql: &'static str) -> Result<Vec<String>, Error> {
    connection.fetch_all(sql).await?.iter().map(|row| row.try_get(0)).collect()
}

async fn drop_database(server: &MySqlConnectOptions, name: &str) {
    if let Ok(mut connection) = connect(server, name).await {
        // A forgotten transaction would be waited for.
        let _ = disconnect_others(&mut connection).await;
        let _ = connection.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}"))).await;
        let _ = connection.close().await;
    }
}

async fn drop_leftovers(server: &MySqlConnectOptions) {
    let mut connection = server.connect().await.unwrap();
    let sql = format!("SHOW DATABASES LIKE '{PREFIX}%'");
    let rows = connection.fetch_all(AssertSqlSafe(sql)).await.unwrap();
    for name in rows.iter().map(|row| row.get::<String, _>(0)).filter(|name| is_leftover(name)) {
        drop_database(server, &name).await;
    }
}

async fn connect(server: &MySqlConnectOptions, database: &str) -> Result<MySqlConnection, Error> {
    server.clone().database(database).connect().await
}

fn url(server: &MySqlConnectOptions, database: &str) -> String {
    server.clone().database(database).to_url_lossy().to_string()
}
