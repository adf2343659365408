//! MySQL and MariaDB, on a database per test.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::{Base, DisplayName, Email, Lockout, User, UserStatus};
use ports::{Kind, Result};
use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use testkit::bench::Bench;
use testkit::cluster::{Member, Site};
use testkit::mysql::TestDatabase;
use testkit::poll::{eventually, promptly};

use super::{member, settings};
use crate::{Database, Process, Settings, connect};

testkit::store_suite!(bench());
testkit::jobs_suite!(bench());
testkit::outbox_suite!(bench());
testkit::cluster_suite!(site());
testkit::locks_suite!(async { bench().await.map(crate::tests::locks) });

pub(super) async fn fresh() -> Option<TestDatabase> {
    let migrate = async |url: String| {
        let mut admin = sqlx::MySqlConnection::connect(&url).await.unwrap();
        admin.execute("CREATE USER IF NOT EXISTS 'mainstay_app'@'%'").await.unwrap();
        connect(&settings(&url, Process::Cli)).await.unwrap().migrate_up().await.unwrap();
    };
    TestDatabase::migrated(migrate).await
}

async fn bench() -> Option<Bench> {
    let database = fresh().await?;
    Some(super::bench(&database.url(), database).await)
}

struct Server(TestDatabase);

async fn site() -> Option<Server> {
    Some(Server(fresh().await?))
}

#[async_trait]
impl Site for Server {
    async fn join(&self, node: Option<u16>) -> Result<Member> {
        member(&self.0.url(), node).await
    }
}

async fn joined(server: &TestDatabase) -> Database {
    let database = connect(&settings(&server.url(), Process::Worker)).await.unwrap();
    database.join().await.unwrap();
    database
}

#[tokio::test]
async fn both_schemes_are_known_and_a_database_has_to_be_named() {
    let Some(server) = fresh().await else { return };
    let mariadb = server.url().replacen("mysql://", "mariadb://", 1);
    connect(&settings(&mariadb, Process::Cli)).await.unwrap().store().ping().await.unwrap();
    let nameless = connect(&settings("mysql://root@127.0.0.1:3306", Process::Cli)).await;
    assert_eq!(nameless.err().unwrap().kind(), Kind::Unsupported);
}

#[tokio::test]
async fn an_exhausted_pool_is_unavailable() {
    let Some(server) = fresh().await else { return };
    let few = Settings { max_connections: 2, ..settings(&server.url(), Process::Api) };
    let store = connect(&few).await.unwrap().store();
    let _held = (store.begin().await.unwrap(), store.begin().await.unwrap());
    let begun = Instant::now();
    let refused = promptly("a refusal", Duration::from_secs(5), store.begin()).await;
    assert_eq!(refused.err().unwrap().kind(), Kind::Unavailable);
    assert!(begun.elapsed() >= Duration::from_secs(2), "it waits for a while");
}

#[tokio::test]
async fn an_unreachable_server_is_unavailable() {
    // A port of the discard service, where nothing listens.
    let nowhere = settings("mysql://root@127.0.0.1:9/mainstay", Process::Api);
    let refused = promptly("a refusal", Duration::from_secs(5), connect(&nowhere)).await;
    let error = refused.err().unwrap();
    assert_eq!(error.kind(), Kind::Unavailable);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("refused"), "it says why: {source}");
}

/// A restarted server: what was under way fails as `Unavailable`, and what comes later does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_are_replaced() {
    let Some(server) = fresh().await else { return };
    let database = joined(&server).await;
    let store = database.store();
    let tx = store.begin().await.unwrap();
    store.ping().await.unwrap();
    let mut admin = server.connection().await;
    let others = "SELECT CAST(id AS CHAR) FROM information_schema.processlist
                  WHERE db = DATABASE() AND id <> CONNECTION_ID()";
    for row in admin.fetch_all(others).await.unwrap() {
        let kill = format!("KILL {}", row.get::<String, _>(0));
        admin.execute(AssertSqlSafe(kill)).await.unwrap();
    }
    let error = tx.outbox().append(1, &super::event()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{:?}", std::error::Error::source(&error));
    assert_eq!(tx.commit().await.unwrap_err().kind(), Kind::Unavailable);
    eventually("reads to work again", Duration::from_secs(10), async || {
        match store.users().is_empty().await {
            Ok(_) => Some(()),
            Err(error) => {
                assert_eq!(error.kind(), Kind::Unavailable);
                None
            }
        }
    })
    .await;
    eventually("commits to work again", Duration::from_secs(10), async || {
        let tx = store.begin().await.ok()?;
        tx.outbox().append(2, &super::event()).await.ok()?;
        tx.commit().await.ok()
    })
    .await;
    // The heartbeat has a new connection, too.
    eventually("to be sole again", Duration::from_secs(10), async || {
        database.cluster().is_sole().then_some(())
    })
    .await;
}

/// Whatever the server's own settings are.
#[tokio::test]
async fn sessions_are_strict_and_end_runaways() {
    let Some(server) = fresh().await else { return };
    let database = connect(&settings(&server.url(), Process::Worker)).await.unwrap();
    for (expression, expected) in [
        ("@@time_zone", "+00:00"),
        ("@@character_set_client", "utf8mb4"),
        ("@@tx_isolation", "READ-COMMITTED"),
        ("@@innodb_lock_wait_timeout", "10"),
        ("CAST(@@max_statement_time AS UNSIGNED)", "30"),
        ("@@idle_transaction_timeout", "20"),
        ("@@sql_mode LIKE '%STRICT_ALL_TABLES%'", "1"),
    ] {
        let sql = format!("SELECT CAST({expression} AS CHAR)");
        let value: Option<String> = database.scalar(sql, "test").await.unwrap();
        assert_eq!(value.as_deref(), Some(expected), "{expression}");
    }
}

#[tokio::test]
async fn who_owns_one_database_is_no_superuser() {
    let Some(server) = TestDatabase::empty().await else { return };
    let mut admin = server.connection().await;
    let database: String = admin.fetch_one("SELECT DATABASE()").await.unwrap().get(0);
    let (user, url) = ("mainstay_test_owner", server.url());
    for sql in [
        format!("CREATE USER IF NOT EXISTS {user}@'%' IDENTIFIED BY 'Zk3vTq9w'"),
        format!("CREATE USER IF NOT EXISTS {user}@localhost IDENTIFIED BY 'Zk3vTq9w'"),
        format!("GRANT ALL PRIVILEGES ON {database}.* TO {user}@'%'"),
        format!("GRANT ALL PRIVILEGES ON {database}.* TO {user}@localhost"),
    ] {
        admin.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let login = url.replacen("root@", &format!("{user}:Zk3vTq9w@"), 1);
    assert_ne!(login, url);
    let owned = connect(&super::as_owner(&login, Process::Cli)).await.unwrap();
    let standing = owned.standing().await.unwrap().unwrap();
    assert!(standing.owner && !standing.superuser, "{standing:?}");
    // Which is enough for everything.
    owned.migrate_up().await.unwrap();
    owned.join().await.unwrap();
    assert!(owned.store().pending_migrations().await.unwrap().is_empty());
}

/// Two units of work that wait for each other: the server ends one, and that one is over as a whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_ends_one_unit_of_work() {
    let Some(server) = fresh().await else { return };
    super::deadlock::ends_one_of_two(joined(&server).await.store().as_ref()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_away_is_left_out() {
    let Some(server) = fresh().await else { return };
    super::replicas::one_that_is_away_is_left_out(&server.url()).await;
}

/// Milliseconds, four-byte characters, case and trailing spaces: nothing is lost, and nothing is the same that differs.
#[tokio::test]
async fn text_and_time_are_what_was_written() {
    let Some(server) = fresh().await else { return };
    let store = joined(&server).await.store();
    let mut stored = user(1, "ada@example.com");
    stored.display_name = Some(DisplayName::parse("Ada 🦀 𝔏ovelace").unwrap());
    stored.base.created_at = at(0) + Duration::from_millis(123);
    let tx = store.begin().await.unwrap();
    tx.users().insert(&stored).await.unwrap();
    tx.commit().await.unwrap();
    let found = store.users().by_email(&stored.email).await.unwrap();
    assert_eq!((&found.display_name, found.base.created_at), (&stored.display_name, stored.base.created_at));

    let rule = Lockout::default();
    let attempts = store.login_attempts();
    for network in ["net", "NET", "net ", "nét"] {
        assert_eq!(attempts.fail(b"ada", network, &rule, at(0)).await.unwrap().failures, 1, "{network:?}");
    }
    // The migration has said so, not the database's default.
    let mut admin = server.connection().await;
    let others = "SELECT CAST(CONCAT(table_name, '.', column_name) AS CHAR) FROM information_schema.columns
                  WHERE table_schema = DATABASE() AND table_name <> 'seaql_migrations'
                    AND (collation_name NOT IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin')
                      OR data_type IN ('timestamp', 'text', 'blob') OR datetime_precision < 6)";
    let others = admin.fetch_all(others).await.unwrap();
    let others: Vec<String> = others.iter().map(|row| row.get(0)).collect();
    assert!(others.is_empty(), "{others:?}");
}

/// Statements about tables commit by themselves here, so a migration that died is done again from where it stood.
#[tokio::test]
async fn a_migration_that_died_half_way_is_repeated() {
    let Some(server) = TestDatabase::empty().await else { return };
    let database = connect(&settings(&server.url(), Process::Cli)).await.unwrap();
    database.migrate_up().await.unwrap();
    let mut admin = server.connection().await;
    let shape = "SELECT CAST(CONCAT(table_name, ' ', index_name, ' ', column_name) AS CHAR)
                 FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1, seq_in_index";
    let whole = admin.fetch_all(shape).await.unwrap();
    // As if it had died before its last table, and before it was noted.
    for sql in ["DELETE FROM seaql_migrations", "DROP TABLE nodes", "DROP TABLE platform_roles"] {
        admin.execute(sql).await.unwrap();
    }
    database.migrate_up().await.unwrap();
    let again = admin.fetch_all(shape).await.unwrap();
    let texts = |rows: &[sqlx::mysql::MySqlRow]| rows.iter().map(|row| row.get(0)).collect::<Vec<String>>();
    assert_eq!(texts(&whole), texts(&again));
    // And half way back.
    admin.execute("DROP TABLE nodes").await.unwrap();
    database.migrate_down(u32::MAX).await.unwrap();
    database.migrate_up().await.unwrap();
    assert!(database.store().pending_migrations().await.unwrap().is_empty());
}

fn user(id: i64, email: &str) -> User {
    let base = Base {
        id,
        uuid: uuid::Uuid::from_u128(id.unsigned_abs().into()),
        created_at: at(0),
        updated_at: at(0),
        deleted_at: None,
        version: 1,
    };
    User {
        base,
        email: Email::parse(email).unwrap(),
        pending_email: None,
        display_name: None,
        status: UserStatus::Active,
        email_verified_at: None,
        phone: None,
        locale: None,
        time_zone: None,
        auth_revision: 0,
    }
}

fn at(seconds: i64) -> domain::Timestamp {
    chrono::DateTime::from_timestamp(1_772_366_400 + seconds, 0).unwrap()
}
