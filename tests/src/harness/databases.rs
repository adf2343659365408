//! A migrated PostgreSQL database per test.

use sqlx::{Connection, Row};
use testkit::poll::eventually;
use testkit::postgres::TestDatabase;
use testkit::temp::TempDir;

use super::app::loaded;
use super::wait::PATIENCE;

/// `None` when no server answers, after having said so.
pub(super) async fn database() -> Option<TestDatabase> {
    TestDatabase::migrated(migrate).await
}

async fn migrate(url: String) {
    let data = TempDir::new();
    let loaded = loaded(data.path(), &[("ENVIRONMENT", "test"), ("DATABASE__URL", &url)]);
    bootstrap::operator::migrate_up(&loaded).await.unwrap();
    // A template is copied only when nobody is connected to it, and the migration has just left.
    let mut connection = sqlx::postgres::PgConnection::connect(&url).await.unwrap();
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    eventually("nobody else is connected to the template", PATIENCE, async || {
        let row = sqlx::query(others).fetch_one(&mut connection).await.unwrap();
        (row.get::<i64, _>(0) == 0).then_some(())
    })
    .await;
    connection.close().await.unwrap();
}
