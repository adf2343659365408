//! Locks, and what is left of them when the server forgets.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use ports::{Kind, Locks};
use testkit::locks::{FencedPaper, LocksBench};
use testkit::poll::eventually;
use testkit::redis::RedisServer;

use super::RedisLocks;
use crate::Address;

const LONG: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_secs(20);

async fn connect(url: &str) -> Arc<RedisLocks> {
    let locks = Arc::new(RedisLocks::connect(Address::parse(url).unwrap()).unwrap());
    // A cluster takes a moment to be explored, and a call does not wait for that.
    eventually("a connection", SOON, async || {
        let lease = locks.acquire("probe", Duration::from_millis(1)).await.ok()?;
        match lease {
            Some(lease) => locks.release(&lease).await.ok(),
            None => Some(()),
        }
    })
    .await;
    locks
}

pub(super) async fn bench(url: &str, keep: impl Any + Send + Sync) -> LocksBench {
    LocksBench { locks: connect(url).await, other: connect(url).await, keep: Box::new(keep) }
}

/// A crash that loses both the holder and the counter: a second one gets the lock, and the first does not get past it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_grow_even_when_the_server_has_lost_its_memory() {
    let Some(server) = RedisServer::start().await else { return };
    let locks = connect(&server.url()).await;
    let paper = FencedPaper::default();
    let first = locks.acquire("paper", LONG).await.unwrap().unwrap();
    paper.write(&first, "first").unwrap();
    server.kill();
    server.resume().await;
    let second =
        eventually("the lock", SOON, async || locks.acquire("paper", LONG).await.ok().flatten()).await;
    assert!(second.token > first.token);
    paper.write(&second, "second").unwrap();
    assert_eq!(paper.write(&first, "late").unwrap_err().kind(), Kind::Precondition);
    assert_eq!(locks.renew(&first, LONG).await.unwrap_err().kind(), Kind::Precondition);
}

/// Nobody gets a lock from a server that does not answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_it_from_a_server_that_hangs() {
    let Some(server) = RedisServer::start().await else { return };
    let locks = connect(&server.url()).await;
    let held = locks.acquire("a", LONG).await.unwrap().unwrap();
    server.hang();
    assert_eq!(locks.acquire("b", LONG).await.unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(locks.renew(&held, LONG).await.unwrap_err().kind(), Kind::Unavailable);
    server.go_on();
    eventually("the lease is renewed", SOON, async || locks.renew(&held, LONG).await.ok()).await;
}
