//! Taking, keeping, losing.

use std::sync::Arc;
use std::time::Duration;

use ports::{Kind, Lease, Locks};

use super::{FencedPaper, LocksBench};
use crate::poll::eventually;

const LONG: Duration = Duration::from_secs(600);
/// Ends within the test; the clock is the server's.
const BRIEF: Duration = Duration::from_millis(100);
const SOON: Duration = Duration::from_secs(20);

async fn taken(locks: &dyn Locks, name: &str, ttl: Duration) -> Lease {
    locks.acquire(name, ttl).await.unwrap().expect("nobody holds it")
}

async fn taken_in_the_end(locks: &dyn Locks, name: &str) -> Lease {
    eventually("the end of the lease", SOON, async || locks.acquire(name, LONG).await.unwrap()).await
}

/// "Of several who try at the same time one gets it."
pub async fn one_of_many_gets_it(bench: &LocksBench) {
    for round in 0..3 {
        let mut callers = tokio::task::JoinSet::new();
        for number in 0..16 {
            let locks = Arc::clone(if number % 2 == 0 { &bench.locks } else { &bench.other });
            callers.spawn(async move { locks.acquire(&format!("door {round}"), LONG).await.unwrap() });
        }
        let leases: Vec<Lease> = callers.join_all().await.into_iter().flatten().collect();
        assert_eq!(leases.len(), 1, "{leases:?}");
        assert!(bench.locks.acquire(&leases[0].name, LONG).await.unwrap().is_none());
    }
}

/// "Takes the lock": of this very name.
pub async fn names_are_apart(bench: &LocksBench) {
    for name in ["a", "A", "a:b", "{a}", "ä"] {
        assert_eq!(taken(&*bench.locks, name, LONG).await.name, name);
    }
}

/// "Lets go."
pub async fn is_free_after_its_release(bench: &LocksBench) {
    let lease = taken(&*bench.locks, "a", LONG).await;
    bench.locks.release(&lease).await.unwrap();
    taken(&*bench.other, "a", LONG).await;
}

/// "For `ttl` of the server's clock."
pub async fn is_free_after_its_time(bench: &LocksBench) {
    taken(&*bench.locks, "a", BRIEF).await;
    taken_in_the_end(&*bench.other, "a").await;
}

/// "Holds it for `ttl` from now on."
pub async fn a_renewed_one_is_held_on(bench: &LocksBench) {
    let lease = taken(&*bench.locks, "a", Duration::from_secs(30)).await;
    bench.locks.renew(&lease, LONG).await.unwrap();
    bench.other.renew(&lease, LONG).await.unwrap();
    assert!(bench.other.acquire("a", LONG).await.unwrap().is_none());
    bench.locks.renew(&lease, BRIEF).await.unwrap();
    taken_in_the_end(&*bench.other, "a").await;
}

/// "`Precondition` when it is not held under this token any more: … it is not taken again."
pub async fn a_lost_one_is_not_renewed(bench: &LocksBench) {
    let released = taken(&*bench.locks, "a", LONG).await;
    bench.locks.release(&released).await.unwrap();
    let overtaken = taken(&*bench.locks, "b", BRIEF).await;
    let present = taken_in_the_end(&*bench.other, "b").await;
    for lease in [&released, &overtaken] {
        assert_eq!(bench.locks.renew(lease, LONG).await.unwrap_err().kind(), Kind::Precondition);
    }
    taken(&*bench.locks, "a", LONG).await;
    bench.other.renew(&present, LONG).await.unwrap();
}

/// "Succeeds, and changes nothing, when it is not held under this token any more."
pub async fn releasing_a_lost_one_changes_nothing(bench: &LocksBench) {
    let old = taken(&*bench.locks, "a", BRIEF).await;
    taken_in_the_end(&*bench.other, "a").await;
    bench.locks.release(&old).await.unwrap();
    bench.locks.release(&old).await.unwrap();
    assert!(bench.locks.acquire("a", LONG).await.unwrap().is_none());
}

/// "Larger than that of every earlier lease on this name."
pub async fn tokens_only_grow(bench: &LocksBench) {
    let mut last = 0;
    for number in 0..10 {
        let locks = if number % 2 == 0 { &bench.locks } else { &bench.other };
        let lease = taken(&**locks, "a", LONG).await;
        assert!(lease.token > last, "{} after {last}", lease.token);
        last = lease.token;
        locks.release(&lease).await.unwrap();
    }
    taken(&*bench.locks, "a", BRIEF).await;
    assert!(taken_in_the_end(&*bench.other, "a").await.token > last);
}

/// "Its holder may be stopped for longer than the lease lasts and then go on, believing that it still holds it."
pub async fn the_late_write_of_a_paused_holder_is_refused(bench: &LocksBench) {
    let paper = FencedPaper::default();
    // It takes the lock, and is stopped before it writes.
    let paused = taken(&*bench.locks, "paper", BRIEF).await;
    let next = taken_in_the_end(&*bench.other, "paper").await;
    paper.write(&next, "next").unwrap();
    // It goes on.
    assert_eq!(paper.write(&paused, "paused").unwrap_err().kind(), Kind::Precondition);
    paper.write(&next, "next again").unwrap();
    assert_eq!(paper.lines(), ["next", "next again"]);
}
