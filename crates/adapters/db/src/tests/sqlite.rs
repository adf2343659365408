//! SQLite, on a file per test.

use std::time::Duration;

use async_trait::async_trait;
use domain::Lockout;
use ports::{Kind, LoginAttempts, Result};
use sea_orm::ConnectionTrait;
use testkit::bench::Bench;
use testkit::cluster::{Member, Site};
use testkit::poll::{eventually, promptly};
use testkit::temp::TempDir;

use super::{member, settings};
use crate::{Database, Process, connect};

testkit::store_suite!(bench());
testkit::jobs_suite!(bench());
testkit::outbox_suite!(bench());
testkit::cluster_suite!(site());
testkit::locks_suite!(async { bench().await.map(crate::tests::locks) });

fn url(dir: &TempDir) -> String {
    // A folder that is not there yet.
    format!("sqlite://{}/data/mainstay.db", dir.path().display())
}

async fn bench() -> Option<Bench> {
    let dir = TempDir::new();
    Some(super::bench(&url(&dir), dir).await)
}

struct File(TempDir);

async fn site() -> Option<File> {
    let dir = TempDir::new();
    connect(&settings(&url(&dir), Process::Cli)).await.unwrap().migrate_up().await.unwrap();
    Some(File(dir))
}

#[async_trait]
impl Site for File {
    async fn join(&self, node: Option<u16>) -> Result<Member> {
        member(&url(&self.0), node).await
    }
}

async fn open(dir: &TempDir, kind: Process) -> Result<Database> {
    connect(&settings(&url(dir), kind)).await
}

/// An API and its worker are started together, on a file that is not there yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_file_may_be_opened_by_many_at_once() {
    for _ in 0..10 {
        let dir = TempDir::new();
        let opened = (0..8).map(|_| {
            let settings = settings(&url(&dir), Process::Worker);
            tokio::spawn(async move { connect(&settings).await.map(drop) })
        });
        for opened in opened.collect::<Vec<_>>() {
            opened.await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn a_second_api_on_a_file_gets_a_clear_error() {
    let dir = TempDir::new();
    let api = open(&dir, Process::Api).await.unwrap();
    let error = open(&dir, Process::Api).await.err().unwrap();
    assert_eq!(error.kind(), Kind::Conflict);
    let text = std::error::Error::source(&error).unwrap().to_string();
    assert!(text.contains("another mainstay-api is running on this SQLite file"), "{text}");
    open(&dir, Process::Worker).await.unwrap();
    open(&dir, Process::Cli).await.unwrap();
    drop(api);
    open(&dir, Process::Api).await.unwrap();
}

#[tokio::test]
async fn a_database_in_memory_is_refused() {
    for url in ["sqlite::memory:", "sqlite://?mode=memory", "sqlite://file::memory:?cache=shared"] {
        let error = connect(&settings(url, Process::Api)).await.err().unwrap();
        assert_eq!(error.kind(), Kind::Unsupported, "{url}");
    }
    let other = connect(&settings("oracle://root@localhost/x", Process::Api)).await.err().unwrap();
    assert_eq!(other.kind(), Kind::Unsupported);
}

#[tokio::test]
async fn acknowledged_writes_survive_a_power_loss_and_reads_change_nothing() {
    let dir = TempDir::new();
    let database = open(&dir, Process::Api).await.unwrap();
    let pools = &database.opened.pools;
    for (connection, pragma, expected) in [
        (&pools.write, "synchronous", 2),
        (&pools.write, "foreign_keys", 1),
        (&pools.write, "query_only", 0),
        (&pools.read, "query_only", 1),
        (&pools.read, "foreign_keys", 1),
    ] {
        let statement =
            sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, format!("PRAGMA {pragma}"));
        let row = connection.query_one_raw(statement).await.unwrap().unwrap();
        assert_eq!(row.try_get_by::<i64, _>(0).unwrap(), expected, "{pragma}");
    }
    assert_eq!(database.standing().await.unwrap(), None);
}

/// A full disk is no reason to stay broken once there is room again.
#[tokio::test]
async fn a_full_disk_is_unavailable_and_passes() {
    let dir = TempDir::new();
    let database = open(&dir, Process::Api).await.unwrap();
    database.migrate_up().await.unwrap();
    database.join().await.unwrap();
    let (store, write) = (database.store(), &database.opened.pools.write);
    // As many pages as there are.
    write.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
    let refused = fill(store.login_attempts()).await;
    assert_eq!(refused, Kind::Unavailable);
    let tx = store.begin().await.unwrap();
    assert_eq!(fill(tx.login_attempts()).await, Kind::Unavailable);
    assert_eq!(tx.commit().await.unwrap_err().kind(), Kind::Unavailable);
    store.ping().await.unwrap();
    write.execute_unprepared("PRAGMA max_page_count = 1000000").await.unwrap();
    let tx = store.begin().await.unwrap();
    tx.login_attempts().fail(b"after", "net", &Lockout::default(), at(0)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.login_attempts().get(b"after", "net").await.unwrap().unwrap().failures, 1);
}

/// Writes until it is refused, and says how.
async fn fill(attempts: &dyn LoginAttempts) -> Kind {
    for number in 0..5_000_u32 {
        let network = format!("{number}-{}", "x".repeat(50));
        let counted = attempts.fail(&number.to_be_bytes(), &network, &Lockout::default(), at(0)).await;
        if let Err(error) = counted {
            return error.kind();
        }
    }
    panic!("the disk never filled");
}

/// Another process's transaction is waited for, not stumbled over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_of_two_processes_take_turns() {
    let dir = TempDir::new();
    let api = open(&dir, Process::Api).await.unwrap();
    api.migrate_up().await.unwrap();
    let worker = open(&dir, Process::Worker).await.unwrap();
    let held = api.store().begin().await.unwrap();
    held.login_attempts().fail(b"x", "api", &Lockout::default(), at(0)).await.unwrap();
    let store = worker.store();
    let waiting =
        tokio::spawn(
            async move { store.login_attempts().fail(b"x", "worker", &Lockout::default(), at(0)).await },
        );
    eventually("the other one to wait", Duration::from_secs(5), async || {
        (!waiting.is_finished()).then_some(())
    })
    .await;
    drop(held);
    promptly("the other one", Duration::from_secs(5), waiting).await.unwrap().unwrap();
}

fn at(seconds: i64) -> domain::Timestamp {
    chrono::DateTime::from_timestamp(1_772_366_400 + seconds, 0).unwrap()
}
