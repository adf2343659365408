//! Judges the migrations of this program by what they really say to a server.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use sea_orm_migration::MigratorTrait;
use sea_orm_migration::sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use testkit::{mysql, postgres};
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use super::{Engine, judge};
use crate::{Migrator, known};

#[tokio::test]
async fn no_migration_locks_a_large_table_on_postgres() {
    let Some(server) = postgres::TestDatabase::empty().await else { return };
    assert_eq!(refused(Engine::Postgres, &server.url()).await, Vec::<String>::new());
}

#[tokio::test]
async fn no_migration_locks_a_large_table_on_mysql() {
    let Some(server) = mysql::TestDatabase::empty().await else { return };
    assert_eq!(refused(Engine::MySql, &server.url()).await, Vec::<String>::new());
}

/// Runs the migrations one by one, and judges each.
async fn refused(engine: Engine, url: &str) -> Vec<String> {
    // What a subscriber gets to hear is decided once for all threads: they listen in turn.
    static LISTENING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _listening = LISTENING.lock().await;
    let (log, _recording) = Log::record();
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(true);
    let connection: DatabaseConnection = Database::connect(options).await.unwrap();
    // The driver may have asked on another thread just before this one listened, and been told that nobody does.
    connection.execute_unprepared("SELECT 1").await.unwrap();
    tracing::callsite::rebuild_interest_cache();
    let names = known();
    let mut refused = Vec::new();
    for (number, name) in names.iter().enumerate() {
        log.take();
        Migrator::up(&connection, Some(1)).await.unwrap();
        let statements = log.take();
        // Row-level security is PostgreSQL's alone.
        let silent = engine == Engine::MySql && name.ends_with("_row_security");
        assert_ne!(statements.is_empty(), !silent, "{name} says nothing that can be heard");
        let found = judge(engine, &names[..number], &statements);
        refused.extend(found.into_iter().map(|why| format!("{name}: {why}")));
    }
    refused
}

/// What the driver says that it has sent, but for the migrator's own business.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// For as long as the guard lives, and on this thread.
    fn record() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::registry().with(log.clone());
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn take(&self) -> Vec<String> {
        let said = std::mem::take(&mut *self.0.lock().unwrap());
        let own = |sql: &String| !sql.contains("seaql_migrations") && !TRANSACTIONS.contains(&sql.as_str());
        said.into_iter().filter(own).collect()
    }
}

const TRANSACTIONS: [&str; 3] = ["BEGIN", "COMMIT", "ROLLBACK"];

impl<S: tracing::Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut said = Said::default();
            event.record(&mut said);
            self.0.lock().unwrap().push(said.sql());
        }
    }
}

/// The driver puts short statements into the summary alone.
#[derive(Default)]
struct Said {
    summary: String,
    statement: String,
}

impl Said {
    fn sql(self) -> String {
        let sql = if self.statement.is_empty() { self.summary } else { self.statement };
        sql.trim().to_owned()
    }
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
