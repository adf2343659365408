//! What must be so on every engine, and needs a look behind the ports.

use std::any::Any;
use std::time::Duration;

use ports::Kind;
use sea_orm::ConnectionTrait;
use testkit::poll::eventually;
use testkit::temp::TempDir;
use testkit::{mysql, postgres};

use super::as_owner;
use crate::conn::Link;
use crate::dialect::{Dialect, statement};
use crate::{Database, Process, connect};

/// URLs of empty databases, one per engine that is there.
pub(super) async fn places() -> Vec<(String, Box<dyn Any>)> {
    let dir = TempDir::new();
    let mut places: Vec<(String, Box<dyn Any>)> =
        vec![(format!("sqlite://{}/x.db", dir.path().display()), Box::new(dir))];
    if let Some(server) = postgres::TestDatabase::empty().await {
        places.push((server.url(), Box::new(server)));
    }
    if let Some(server) = mysql::TestDatabase::empty().await {
        places.push((server.url(), Box::new(server)));
    }
    places
}

pub(super) async fn open(url: &str) -> Database {
    connect(&as_owner(url, Process::Worker)).await.unwrap()
}

async fn pending(database: &Database) -> usize {
    database.store().pending_migrations().await.unwrap().len()
}

#[tokio::test]
async fn migrations_go_up_and_down_and_up() {
    for (url, _keep) in places().await {
        let database = open(&url).await;
        let all = database.migration_status().await.unwrap();
        assert!(all.len() >= 5 && all.iter().all(|migration| !migration.applied), "{url}");
        assert_eq!(pending(&database).await, all.len());
        database.migrate_up().await.unwrap();
        assert_eq!(pending(&database).await, 0);
        database.migrate_down(1).await.unwrap();
        assert_eq!(pending(&database).await, 1);
        database.migrate_down(u32::MAX).await.unwrap();
        assert_eq!(pending(&database).await, all.len());
        database.migrate_up().await.unwrap();
        database.migrate_up().await.unwrap();
        assert!(database.migration_status().await.unwrap().iter().all(|migration| migration.applied));
        assert!(database.store().users().is_empty().await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_starts_at_once_migrate_once() {
    for (url, _keep) in places().await {
        let starts = (0..4).map(|_| {
            let url = url.clone();
            tokio::spawn(async move { open(&url).await.migrate_up().await })
        });
        for start in starts.collect::<Vec<_>>() {
            start.await.unwrap().unwrap();
        }
        assert_eq!(pending(&open(&url).await).await, 0);
    }
}

/// While replicas are replaced one by one, the old ones see migrations they do not know.
#[tokio::test]
async fn a_newer_database_is_left_as_it_is() {
    for (url, _keep) in places().await {
        let database = open(&url).await;
        database.migrate_up().await.unwrap();
        let write = &database.opened.pools.write;
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_newer', 0)";
        write.execute_unprepared(newer).await.unwrap();
        assert_eq!(pending(&database).await, 0);
        database.migrate_up().await.unwrap();
    }
}

#[tokio::test]
async fn the_server_tells_its_time() {
    for (url, _keep) in places().await {
        let database = open(&url).await;
        let (first, second) = (database.server_time().await.unwrap(), database.server_time().await.unwrap());
        assert!(first <= second && first.timestamp() > 1_700_000_000, "{first}");
    }
}

/// Before it has joined, a process holds no lease: it may read, and commits nothing.
#[tokio::test]
async fn nothing_is_committed_before_joining() {
    for (url, _keep) in places().await {
        let database = open(&url).await;
        database.migrate_up().await.unwrap();
        let tx = database.store().begin().await.unwrap();
        tx.outbox().append(1, &super::event()).await.unwrap();
        assert_eq!(tx.commit().await.unwrap_err().kind(), Kind::Unavailable);
        assert_eq!(database.cluster().node().unwrap_err().kind(), Kind::Unavailable);
        assert!(!database.cluster().is_sole());
        database.join().await.unwrap();
        database.join().await.unwrap();
        let tx = database.store().begin().await.unwrap();
        tx.outbox().append(1, &super::event()).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// A process that was taken for gone, and is not, takes a new name and goes on; its node id is not given away
/// meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_buried_process_rises_under_another_name() {
    for (url, _keep) in places().await {
        let database = open(&url).await;
        database.migrate_up().await.unwrap();
        database.join().await.unwrap();
        let cluster = database.cluster();
        let (name, node) = (cluster.holder(), cluster.node().unwrap());
        let bury = "UPDATE nodes SET holder = $1";
        let nil = uuid::Uuid::nil();
        let write = database.opened.pools.write();
        write.execute_raw(statement(write, bury, [nil.into()])).await.unwrap();
        eventually("a new name", Duration::from_secs(5), async || (cluster.holder() != name).then_some(()))
            .await;
        assert_eq!(cluster.node().unwrap_err().kind(), Kind::Unavailable, "not before others know");
        let risen = eventually("a new node id", Duration::from_secs(5), async || cluster.node().ok()).await;
        assert_ne!(risen, node, "the old one stays reserved until its lease is over");
        assert!(!cluster.is_sole());
    }
}

/// Whoever reads the table learns nothing of a number but its length.
#[tokio::test]
async fn telephone_numbers_can_not_be_read_in_the_table() {
    for (url, _keep) in places().await {
        let database = open(&url).await;
        database.migrate_up().await.unwrap();
        database.join().await.unwrap();
        let now = chrono::DateTime::UNIX_EPOCH;
        let base = domain::Base::new(1, uuid::Uuid::from_u128(1), now);
        let mut user = domain::User::new(base, domain::Email::parse("ada@example.com").unwrap(), None);
        user.phone = Some(domain::Phone::parse("+14155550123").unwrap());
        let tx = database.store().begin().await.unwrap();
        tx.users().insert(&user).await.unwrap();
        tx.commit().await.unwrap();
        let read = database.opened.pools.read();
        let stored = statement(read, "SELECT phone_sealed AS one, phone_index AS other FROM users", []);
        let row = read.query_one_raw(stored).await.unwrap().unwrap();
        for column in ["one", "other"] {
            let bytes: Vec<u8> = row.try_get("", column).unwrap();
            assert!(bytes.len() >= 20, "{url} {column}");
            for part in [&b"4155"[..], b"5550", b"0123"] {
                assert!(!bytes.windows(part.len()).any(|window| window == part), "{url} {column}");
            }
        }
    }
}

/// The queries that run all the time find their way by an index, on a table that is worth one.
#[tokio::test]
async fn claims_use_their_index() {
    for (url, _keep) in places().await {
        let database = open(&url).await;
        database.migrate_up().await.unwrap();
        database.join().await.unwrap();
        let write = database.opened.pools.write();
        let dialect = Dialect::of(write);
        for thousand in 0..20_u128 {
            let rows = (1..=1000).map(|number| {
                let id = thousand * 1000 + number;
                let uuid = match dialect {
                    Dialect::Postgres => format!("'{}'", uuid::Uuid::from_u128(id)),
                    Dialect::Sqlite | Dialect::Mysql => format!("x'{id:032x}'"),
                };
                format!(
                    "({id}, {uuid}, '2026-03-01 12:00:00', 'default', 'x', 'null', 'succeeded', 0, 0, 3,
                      '2026-03-01 12:00:00', 0)"
                )
            });
            let fill = format!(
                "INSERT INTO jobs (id, uuid, created_at, queue, kind, payload, status, priority, attempt,
                   max_attempts, run_at, lease_token) VALUES {}",
                rows.collect::<Vec<_>>().join(", ")
            );
            write.execute_unprepared(&fill).await.unwrap();
        }
        let (analyze, explain, column) = match dialect {
            Dialect::Sqlite => ("ANALYZE", "EXPLAIN QUERY PLAN", "detail"),
            Dialect::Postgres => ("ANALYZE", "EXPLAIN", "QUERY PLAN"),
            Dialect::Mysql => ("ANALYZE TABLE jobs", "EXPLAIN FORMAT=JSON", "EXPLAIN"),
        };
        write.execute_unprepared(analyze).await.unwrap();
        let next = format!(
            "{explain} SELECT id FROM jobs WHERE {} AND queue = 'default' AND lane = ''
               AND run_at <= '2026-03-02 12:00:00' ORDER BY priority, turn, run_at, id LIMIT 5",
            dialect.job_waits()
        );
        let plan = write.query_all_raw(statement(write, &next, [])).await.unwrap();
        let plan: String = plan.iter().map(|row| row.try_get::<String>("", column).unwrap() + "\n").collect();
        assert!(plan.contains("jobs_next") && !plan.contains("filesort"), "{plan}");
    }
}
