//! PostgreSQL, on a database per test.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use ports::{Kind, Result};
use sqlx::{AssertSqlSafe, Executor};
use testkit::bench::Bench;
use testkit::cluster::{Member, Site};
use testkit::poll::{eventually, promptly};
use testkit::postgres::TestDatabase;

use super::{member, settings};
use crate::{Database, Process, Settings, Standing, connect};

testkit::store_suite!(bench());
testkit::jobs_suite!(bench());
testkit::outbox_suite!(bench());
testkit::cluster_suite!(site());
testkit::locks_suite!(async { bench().await.map(crate::tests::locks) });

pub(super) async fn fresh() -> Option<TestDatabase> {
    let migrate = async |url: String| {
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

/// Another process hears of a commit, long before it would look for itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_wakes_other_processes() {
    let Some(server) = fresh().await else { return };
    let (writer, waiter) = (joined(&server).await, joined(&server).await);
    let wakeups = waiter.wakeups();
    // The beginning of listening wakes, too.
    let heard = async || {
        let begun = Instant::now();
        wakeups.wait(Duration::from_millis(300)).await;
        (begun.elapsed() >= Duration::from_millis(300)).then_some(())
    };
    eventually("quiet", Duration::from_secs(10), heard).await;
    let outbox = waiter.outbox();
    let mine = outbox.share(uuid::Uuid::from_u128(1)).await.unwrap();
    for number in 0..3 {
        commit_event(&writer, number).await;
        promptly("the other process", Duration::from_secs(5), wakeups.wait(Duration::from_secs(60))).await;
        assert_eq!(outbox.take(&mine, 10, super::event().time).await.unwrap().len(), 1);
        outbox.published(&mine, &[number]).await.unwrap();
    }
    // Also after the listening connection was cut.
    let mut admin = server.connection().await;
    cut(&mut admin, "query ILIKE '%LISTEN%'").await;
    eventually("a wake-up after the connection was made anew", Duration::from_secs(10), async || {
        let listening = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
                         AND query ILIKE '%LISTEN%' AND pid <> pg_backend_pid() LIMIT 1";
        let back = admin.fetch_optional(listening).await.unwrap().is_some();
        back.then_some(())
    })
    .await;
    let begun = Instant::now();
    commit_event(&writer, 9).await;
    promptly("the other process", Duration::from_secs(5), async {
        while outbox.take(&mine, 10, super::event().time).await.unwrap().is_empty() {
            wakeups.wait(Duration::from_secs(60)).await;
        }
    })
    .await;
    assert!(begun.elapsed() < Duration::from_secs(5));
}

async fn commit_event(database: &Database, number: i64) {
    let tx = database.store().begin().await.unwrap();
    tx.outbox().append(number, &super::event()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn cut(admin: &mut sqlx::PgConnection, which: &str) {
    let sql = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND {which}"
    );
    admin.execute(AssertSqlSafe(sql)).await.unwrap();
}

#[tokio::test]
async fn an_exhausted_pool_is_unavailable() {
    let Some(server) = fresh().await else { return };
    // Half of them, for whoever writes.
    let few = Settings { max_connections: 4, ..settings(&server.url(), Process::Api) };
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
    let nowhere = settings("postgres://postgres@127.0.0.1:9/postgres", Process::Api);
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
    cut(&mut admin, "true").await;
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

#[tokio::test]
async fn the_server_knows_who_is_connected_and_ends_runaways() {
    let Some(server) = fresh().await else { return };
    let database = connect(&settings(&server.url(), Process::Worker)).await.unwrap();
    let standing = database.standing().await.unwrap().unwrap();
    let expected = Standing {
        acts_as: "mainstay_app".to_owned(),
        superuser: true,
        owner: false,
        reader: Some("mainstay_app_reader".to_owned()),
        reads_of_all: false,
    };
    assert_eq!(standing, expected, "tests log in as postgres");
    for (setting, expected) in [
        ("application_name", "mainstay-worker"),
        ("statement_timeout", "30s"),
        ("idle_in_transaction_session_timeout", "20s"),
    ] {
        let sql = format!("SELECT current_setting('{setting}')");
        let value: Option<String> = database.scalar(sql, "test").await.unwrap();
        assert_eq!(value.as_deref(), Some(expected));
    }
}

/// What the routine does, plain statements do where it is missing.
mod without_the_routine {
    use super::*;

    async fn bench() -> Option<Bench> {
        let database = fresh().await?;
        let url = database.url();
        let bench = super::super::bench(&url, database).await;
        let operator = connect(&settings(&url, Process::Cli)).await.unwrap();
        assert!(!operator.drop_assets(Some("procedures/purge_expired_tokens")).await.unwrap().is_empty());
        Some(bench)
    }

    testkit::bench_cases!(bench(); [testkit::store];
        expired_tokens {
            each_kind_has_its_own_time,
            keeps_to_its_limit,
            a_rolled_back_purge_leaves_them,
        }
    );
}

/// Not by chance the same: while the routine is there, it is the one that is asked.
#[tokio::test]
async fn the_routine_is_used_where_it_is() {
    let Some(server) = fresh().await else { return };
    let database = joined(&server).await;
    let other =
        "CREATE OR REPLACE FUNCTION purge_expired_tokens(refresh_before timestamptz, mail_before timestamptz,
                   batch bigint, OUT refresh_purged bigint, OUT mail_purged bigint)
                 LANGUAGE sql AS 'SELECT batch, batch + 1'";
    server.connection().await.execute(other).await.unwrap();
    let tx = database.store().begin().await.unwrap();
    let now = chrono::DateTime::UNIX_EPOCH;
    let purged = tx.expired_tokens().purge(now, now, 41).await.unwrap();
    assert_eq!((purged.refresh, purged.mail), (41, 42));
}
