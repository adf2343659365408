//! [`ports::Wakeups`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use ports::Wakeups;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{claim, enqueue};
use crate::bench::Bench;
use crate::poll::promptly;
use crate::samples::{at, event, id, job};

/// Far longer than a wake-up takes, and than a test should.
const LONG: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_secs(5);

/// A new handle on which nothing has happened yet. An engine that hears its own wake-ups from outside may still
/// be telling about earlier ones: those are waited out.
async fn quiet(bench: &Bench) -> Arc<dyn Wakeups> {
    let wakeups = (bench.wakeups)();
    loop {
        let begun = Instant::now();
        wakeups.wait(Duration::from_millis(200)).await;
        if begun.elapsed() >= Duration::from_millis(200) {
            return wakeups;
        }
    }
}

fn waiting(wakeups: &Arc<dyn Wakeups>) -> JoinHandle<()> {
    let wakeups = Arc::clone(wakeups);
    tokio::spawn(async move { wakeups.wait(LONG).await })
}

/// "Returns when something was enqueued."
pub async fn a_commit_wakes(bench: &Bench) {
    let wakeups = quiet(bench).await;
    let waiter = waiting(&wakeups);
    enqueue(bench, &[job()]).await;
    promptly("a waiter", SOON, waiter).await.unwrap();
    // By then there is something to find.
    assert_eq!(claim(bench, 1, 10, 0).await.len(), 1);
}

/// "… or an event was written."
pub async fn an_event_wakes(bench: &Bench) {
    let waiter = waiting(&quiet(bench).await);
    bench.commit(async |tx| tx.outbox().append(id(), &event("users/x")).await).await;
    promptly("a waiter", SOON, waiter).await.unwrap();
}

/// Nothing was enqueued when the unit of work came to nothing, or wrote something else.
pub async fn a_rollback_does_not_wake(bench: &Bench) {
    let wakeups = quiet(bench).await;
    let tx = bench.begin().await;
    tx.jobs().enqueue(&job()).await.unwrap();
    drop(tx);
    bench.commit(async |tx| tx.users().insert(&crate::samples::user()).await).await;
    let begun = Instant::now();
    wakeups.wait(Duration::from_millis(300)).await;
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

/// "Since the last call": what happens while nobody waits is told at the next call.
pub async fn none_between_two_waits_is_lost(bench: &Bench) {
    let wakeups = quiet(bench).await;
    enqueue(bench, &[job()]).await;
    promptly("a wake-up from before", SOON, wakeups.wait(LONG)).await;
}

/// One wake-up is for all who wait, on one handle or on several.
pub async fn every_waiter_is_woken(bench: &Bench) {
    let (one, other) = (quiet(bench).await, quiet(bench).await);
    let waiters = [waiting(&one), waiting(&one), waiting(&other)];
    enqueue(bench, &[job()]).await;
    for waiter in waiters {
        promptly("a waiter", SOON, waiter).await.unwrap();
    }
}

/// Jobs that are taken back are there to be claimed.
pub async fn a_rescue_wakes(bench: &Bench) {
    enqueue(bench, &[job()]).await;
    claim(bench, 1, 10, 0).await;
    let waiter = waiting(&quiet(bench).await);
    bench.leases.rescue(Uuid::from_u128(1), &[], at(1)).await.unwrap();
    promptly("a waiter", SOON, waiter).await.unwrap();
}

/// "… or after `at_most`."
pub async fn waits_no_longer_than_asked(bench: &Bench) {
    let wakeups = quiet(bench).await;
    promptly("a short wait", SOON, wakeups.wait(Duration::from_millis(10))).await;
}
