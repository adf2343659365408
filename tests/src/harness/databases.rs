//! A migrated database per test, of whichever kind the profile has.

use sqlx::{Connection, Executor, Row};
use testkit::poll::eventually;
use testkit::temp::TempDir;
use testkit::{mysql, postgres};

use super::Profile;
use super::app::loaded;
use super::wait::PATIENCE;

/// A database that goes with the test.
pub(super) enum TestDatabase {
    /// A file in the data directory, made by the application itself.
    File,
    Postgres(postgres::TestDatabase),
    Mysql(mysql::TestDatabase),
}

impl TestDatabase {
    /// `None` when no server answers, after having said so.
    pub(super) async fn of(profile: Profile) -> Option<Self> {
        match profile {
            Profile::Embedded => Some(Self::File),
            Profile::Postgres => postgres::TestDatabase::migrated(migrate_template).await.map(Self::Postgres),
            Profile::Mysql => mysql::TestDatabase::migrated(migrate_mysql).await.map(Self::Mysql),
        }
    }

    /// The same with nothing in it.
    pub(super) async fn empty(profile: Profile) -> Option<Self> {
        match profile {
            Profile::Embedded => Some(Self::File),
            Profile::Postgres => postgres::TestDatabase::empty().await.map(Self::Postgres),
            Profile::Mysql => mysql::TestDatabase::empty().await.map(Self::Mysql),
        }
    }

    /// Where it is, for whoever may do anything with it.
    pub(super) fn url(&self) -> Option<String> {
        match self {
            Self::File => None,
            Self::Postgres(database) => Some(database.url()),
            Self::Mysql(database) => Some(database.url()),
        }
    }

    /// What has to be configured to use it.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::File => Vec::new(),
            Self::Postgres(database) => vec![("DATABASE__URL", database.url())],
            Self::Mysql(database) => two_accounts(&database.url()),
        }
    }
}

/// The service is somebody who owns nothing. On PostgreSQL that is a role, by default; here it is another account.
fn two_accounts(url: &str) -> Vec<(&'static str, String)> {
    let service = url.replacen("://root@", "://mainstay_app@", 1);
    vec![("DATABASE__URL", service), ("DATABASE__OWNER_URL", url.to_owned())]
}

/// Connects and migrates as the operator's command does; the error as it would be printed.
pub(crate) async fn migrate(url: &str) -> Result<(), String> {
    migrate_with(&[("DATABASE__URL", url.to_owned())]).await
}

async fn migrate_with(database: &[(&str, String)]) -> Result<(), String> {
    let data = TempDir::new();
    let database = database.iter().map(|(name, value)| (*name, value.as_str()));
    let variables: Vec<_> = std::iter::once(("ENVIRONMENT", "test")).chain(database).collect();
    let migrated = bootstrap::operator::migrate_up(&loaded(data.path(), &variables)).await;
    migrated.map_err(|error| format!("{error:#}"))
}

async fn migrate_mysql(url: String) {
    let mut admin = sqlx::mysql::MySqlConnection::connect(&url).await.unwrap();
    admin.execute("CREATE USER IF NOT EXISTS 'mainstay_app'@'%'").await.unwrap();
    migrate_with(&two_accounts(&url)).await.unwrap();
}

async fn migrate_template(url: String) {
    migrate(&url).await.unwrap();
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
