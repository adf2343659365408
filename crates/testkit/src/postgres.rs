//! A fresh PostgreSQL database per test: copied from a template that is migrated once per run, dropped after the
//! test. What a run leaves behind (its template, and what it had no time for) is dropped by later ones.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, SystemTime};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};
use tokio::sync::{Mutex, OnceCell};

use crate::services::require_or_skip;

/// On the same machine TLS protects nothing, and costs a debug build more than the test.
const DEFAULT_URL: &str = "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable";
const PREFIX: &str = "mainstay_test_";
/// Older leftovers belong to runs that are over.
const LEFTOVER: Duration = Duration::from_secs(60 * 60);
const ANSWER: Duration = Duration::from_secs(5);

/// A database of its own, dropped with everything in it when this is dropped.
pub struct TestDatabase {
    server: PgConnectOptions,
    name: String,
}

impl TestDatabase {
    /// A migrated database; `migrate` gets the URL of the template, once per run. `None`, after saying so on
    /// stderr, when no server answers.
    pub async fn migrated(migrate: impl AsyncFnOnce(String)) -> Option<Self> {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let server = server().await?;
        let template = TEMPLATE.get_or_init(async || {
            drop_leftovers(&server).await;
            let name = create(&server, "template0").await;
            migrate(url(&server, &name)).await;
            seal(&server, &name).await;
            name
        });
        let template = template.await;
        let name = create(&server, template).await;
        Some(Self { server, name })
    }

    /// An empty database; `None`, after saying so on stderr, when no server answers.
    pub async fn empty() -> Option<Self> {
        let server = server().await?;
        let name = create(&server, "template0").await;
        Some(Self { server, name })
    }

    /// How to reach it.
    pub fn url(&self) -> String {
        url(&self.server, &self.name)
    }

    /// A connection of the test's own, to look behind the scenes or to break something.
    pub async fn connection(&self) -> PgConnection {
        self.server.clone().database(&self.name).connect().await.unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A dropper that is gone leaves it to a later run.
        let _ = dropper().send((self.server.clone(), self.name.clone()));
    }
}

/// Dropping a database makes the server write everything it has in memory, which takes longer than most tests. So it
/// happens beside them, several at a time, in a thread with a runtime of its own: the test's may be at its end.
/// Whoever is too fast for it waits, so that little is left behind.
fn dropper() -> &'static SyncSender<(PgConnectOptions, String)> {
    static DROPPER: OnceLock<SyncSender<(PgConnectOptions, String)>> = OnceLock::new();
    DROPPER.get_or_init(|| {
        let (sender, receiver) = std::sync::mpsc::sync_channel::<(PgConnectOptions, String)>(8);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            while let Ok(first) = receiver.recv() {
                let some = std::iter::once(first).chain(receiver.try_iter());
                runtime.block_on(async {
                    let mut drops = tokio::task::JoinSet::new();
                    for (server, name) in some {
                        drops.spawn(async move { drop_database(&server, &name).await });
                    }
                    drops.join_all().await;
                });
            }
        });
        sender
    })
}

#[allow(clippy::disallowed_methods, reason = "a switch of the test run, not configuration of the program")]
async fn server() -> Option<PgConnectOptions> {
    let url = std::env::var("MAINSTAY_TEST_POSTGRES_URL").unwrap_or_else(|_| DEFAULT_URL.to_owned());
    let options: PgConnectOptions = url.parse().expect("MAINSTAY_TEST_POSTGRES_URL is a PostgreSQL URL");
    let options = options.disable_statement_logging();
    if let Ok(Ok(connection)) = tokio::time::timeout(ANSWER, options.connect()).await {
        let _ = connection.close().await;
        return Some(options);
    }
    require_or_skip("PostgreSQL", "pg_ctlcluster 15 main start, or set MAINSTAY_TEST_POSTGRES_URL");
    None
}

/// One at a time: the server refuses to copy a template that is being copied.
async fn create(server: &PgConnectOptions, template: &str) -> String {
    static COPYING: Mutex<()> = Mutex::const_new(());
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("{PREFIX}{}_{}_{number}", seconds_now(), std::process::id());
    let _copying = COPYING.lock().await;
    let mut connection = server.connect().await.unwrap();
    let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    let _ = connection.close().await;
    name
}

/// A database can be copied only while nobody is connected to it.
async fn seal(server: &PgConnectOptions, name: &str) {
    let mut connection = server.connect().await.unwrap();
    for sql in [
        format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"),
        format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"),
    ] {
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let _ = connection.close().await;
}

async fn drop_database(server: &PgConnectOptions, name: &str) {
    if let Ok(mut connection) = server.connect().await {
        let _ =
            connection.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))).await;
        let _ = connection.close().await;
    }
}

async fn drop_leftovers(server: &PgConnectOptions) {
    let mut connection = server.connect().await.unwrap();
    let sql = format!("SELECT datname FROM pg_database WHERE datname LIKE '{PREFIX}%'");
    let rows = connection.fetch_all(AssertSqlSafe(sql)).await.unwrap();
    let names = rows.iter().map(|row| row.get::<String, _>(0));
    let born = |name: &str| name[PREFIX.len()..].split('_').next().and_then(|seconds| seconds.parse().ok());
    let old = |name: &String| born(name).is_some_and(|born: u64| born + LEFTOVER.as_secs() < seconds_now());
    for name in names.filter(old) {
        drop_database(server, &name).await;
    }
}

fn url(server: &PgConnectOptions, database: &str) -> String {
    server.clone().database(database).to_url_lossy().to_string()
}

#[allow(clippy::disallowed_methods, reason = "the age of leftovers is real time")]
fn seconds_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_secs())
}
