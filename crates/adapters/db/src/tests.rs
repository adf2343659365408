//! The conformance suites on every engine, and what is this adapter's own.

mod backup;
mod deadlock;
mod every;
mod mysql;
mod personal;
mod plans;
mod postgres;
mod replicas;
mod rights;
mod schema;
mod sqlite;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keys_sealed::{AeadColumns, ColumnSettings};
use ports::{ColumnCipher, Result, RevisionMirror};
use testkit::bench::Bench;
use testkit::cluster::Member;
use testkit::fakes::{FixedClock, MemoryMirror, SeededRandom};
use testkit::locks::LocksBench;

use crate::{Database, Process, Role, Settings, connect};

/// Settings of a process that nothing distinguishes but the randomness it names itself with. As in production, it
/// acts as somebody who owns nothing.
fn settings(url: &str, kind: Process) -> Settings {
    let owner = as_owner(url, kind);
    match url.split_once("://root@") {
        // The account that `mysql` makes.
        Some((scheme, rest)) => Settings {
            url: format!("{scheme}://mainstay_app@{rest}"),
            owner_url: Some(url.to_owned()),
            ..owner
        },
        None => Settings { role: Some(Role { name: "mainstay_app".to_owned(), required: true }), ..owner },
    }
}

/// The same for a process that is whoever the URL names.
fn as_owner(url: &str, kind: Process) -> Settings {
    static SEED: AtomicU64 = AtomicU64::new(1);
    let random = Arc::new(SeededRandom::new(SEED.fetch_add(1 << 32, Ordering::Relaxed)));
    Settings {
        url: url.to_owned(),
        owner_url: None,
        replica_urls: Vec::new(),
        replica_max_lag: Duration::from_secs(10),
        slow: None,
        errands: None,
        role: None,
        max_connections: 5,
        threads: 0,
        kind,
        node_id: None,
        cipher: cipher(),
        mirror: None,
        random,
    }
}

/// The real one, with a first key of each kind.
fn cipher() -> Arc<AeadColumns> {
    let oldest = Duration::from_secs(3600);
    let random = Arc::new(SeededRandom::default());
    let cipher = AeadColumns::new(ColumnSettings { oldest }, random, Arc::new(FixedClock::default()));
    cipher.install(testkit::columns::keys(1, 1)).unwrap();
    Arc::new(cipher)
}

/// The locks of a bench; each call of the suite takes a connection of its own.
fn locks(bench: Bench) -> LocksBench {
    let (locks, other) = (Arc::clone(&bench.locks), Arc::clone(&bench.locks));
    LocksBench { locks, other, keep: Box::new(bench) }
}

/// A server that many tests share may be too busy to answer in time; that is not what they are about.
async fn connected(settings: &Settings) -> Database {
    let patience = std::time::Duration::from_secs(30);
    testkit::poll::eventually("a connection", patience, async || match connect(settings).await {
        Ok(database) => Some(database),
        Err(error) if error.kind() == ports::Kind::Unavailable => None,
        Err(error) => panic!("{}", ports::Chain(&error)),
    })
    .await
}

/// A process in the cluster, with whatever has to live as long.
async fn bench(url: &str, keep: impl Send + Sync + 'static) -> Bench {
    let mirror = Arc::new(MemoryMirror::new(Arc::default()));
    let told: Arc<dyn RevisionMirror> = mirror.clone();
    let settings = Settings { mirror: Some(told), ..settings(url, Process::Worker) };
    let database = Arc::new(connected(&settings).await);
    database.migrate_up().await.unwrap();
    database.join().await.unwrap();
    let waiting = Arc::clone(&database);
    Bench {
        store: database.store(),
        cipher: database.cipher(),
        mirror,
        leases: database.leases(),
        locks: database.locks(),
        relay: database.outbox(),
        wakeups: Box::new(move || waiting.wakeups()),
        keep: Box::new((database, keep)),
    }
}

async fn member(url: &str, node_id: Option<u16>) -> Result<Member> {
    let database: Database = connect(&Settings { node_id, ..settings(url, Process::Worker) }).await?;
    database.join().await?;
    Ok(Member {
        cluster: database.cluster(),
        store: database.store(),
        leases: database.leases(),
        relay: database.outbox(),
        keep: Box::new(database),
    })
}

fn event() -> domain::EventEnvelope {
    domain::EventEnvelope {
        specversion: "1.0".to_owned(),
        id: uuid::Uuid::from_u128(7),
        source: "https://mainstay.example".to_owned(),
        kind: "dev.mainstay.user.registered.v1".to_owned(),
        subject: "users/7".to_owned(),
        time: chrono::DateTime::UNIX_EPOCH,
        datacontenttype: "application/json".to_owned(),
        tenantid: None,
        traceparent: None,
        data: serde_json::Value::Null,
    }
}
