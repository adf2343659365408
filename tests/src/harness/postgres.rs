//! Fresh databases on the PostgreSQL server of the test run, copied from a template that is migrated once.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor, Row};
use testkit::services::{require_or_skip, service_answers};
use tokio::sync::OnceCell;

use super::app::loaded;
use super::scratch::Scratch;
use super::wait::{PATIENCE, eventually};

const ADDRESS: &str = "127.0.0.1:5432";
const PREFIX: &str = "mainstay_e2e_";

/// A database of one test.
pub(crate) struct Database {
    name: String,
    pub(crate) url: String,
}

impl Database {
    /// A migrated, empty one. `None` when no server answers, after having said so.
    pub(crate) async fn fresh() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if !service_answers(ADDRESS) {
            require_or_skip("PostgreSQL at 127.0.0.1:5432, user postgres, no password", "see tests/services/README.md");
            return None;
        }
        let template = template().await;
        let name = format!("{PREFIX}{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        copy(template, &name).await;
        Some(Self { url: url_of(&name), name })
    }

    /// Whoever is still connected is thrown out.
    pub(crate) async fn drop(self) {
        execute(&format!("DROP DATABASE \"{}\" WITH (FORCE)", self.name)).await.unwrap();
    }
}

fn url_of(name: &str) -> String {
    format!("postgres://postgres@{ADDRESS}/{name}")
}

/// The template of this run. What runs that ended have left behind goes first.
async fn template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            drop_leftovers().await;
            let name = format!("{PREFIX}{}_template", std::process::id());
            execute(&format!("CREATE DATABASE \"{name}\"")).await.unwrap();
            let data = Scratch::new();
            let loaded = loaded(&data, &[("ENVIRONMENT", "test"), ("DATABASE__URL", &url_of(&name))]);
            bootstrap::operator::migrate_up(&loaded).await.unwrap();
            name
        })
        .await
}

/// A copy is refused as long as somebody is connected to the template, as the migration was a moment ago.
async fn copy(template: &str, name: &str) {
    let sql = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"");
    eventually("a copy of the template", PATIENCE, async || match execute(&sql).await {
        Ok(()) => Some(()),
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code == "55006") => None,
        Err(error) => panic!("{sql}: {error}"),
    })
    .await;
}

async fn drop_leftovers() {
    let mut connection = connect().await;
    let rows = connection.fetch_all("SELECT datname FROM pg_database").await.unwrap();
    for name in rows.iter().map(|row| row.get::<String, _>(0)) {
        let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next());
        if process.is_some_and(|id| !std::path::Path::new("/proc").join(id).exists()) {
            // Another run may be clearing up as well.
            let sql = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
            let _ = connection.execute(sqlx::AssertSqlSafe(sql)).await;
        }
    }
}

async fn connect() -> PgConnection {
    PgConnection::connect(&url_of("postgres")).await.unwrap()
}

async fn execute(sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = connect().await;
    connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await?;
    connection.close().await
}
