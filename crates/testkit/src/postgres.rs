//! A fresh PostgreSQL database per test: copied from a template that is migrated once per run, dropped after the
//! test. What a run leaves behind (its template, and what it had no time for) is dropped by later ones.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};
use tokio::sync::{Mutex, OnceCell};

use crate::databases::{ANSWER, PREFIX, afterwards, fresh_name, is_leftover, server_url};
use crate::services::require_or_skip;

/// On the same machine TLS protects nothing, and costs a debug build more than the test.
const DEFAULT_URL: &str = "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable";

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
        let (server, name) = (self.server.clone(), self.name.clone());
        afterwards(move || async move { drop_database(&server, &name).await });
    }
}

async fn server() -> Option<PgConnectOptions> {
    let url = server_url("MAINSTAY_TEST_POSTGRES_URL", DEFAULT_URL);
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
    let name = fresh_name();
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
    for name in rows.iter().map(|row| row.get::<String, _>(0)).filter(|name| is_leftover(name)) {
        drop_database(server, &name).await;
    }
}

fn url(server: &PgConnectOptions, database: &str) -> String {
    server.clone().database(database).to_url_lossy().to_string()
}
