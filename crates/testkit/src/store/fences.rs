//! [`ports::Fences`]

use std::time::Duration;

use ports::{Kind, Lease};

use crate::bench::Bench;
use crate::poll::{eventually, promptly};

const SOON: Duration = Duration::from_secs(20);

fn lease(token: i64) -> Lease {
    Lease { name: "paper".to_owned(), token }
}

/// "Once it has committed, smaller tokens of the name are refused for good, whichever `Locks` gave them out."
pub async fn smaller_tokens_are_refused(bench: &Bench) {
    bench.commit(async |tx| tx.fences().pass(&lease(7)).await).await;
    assert_eq!(bench.refused(async |tx| tx.fences().pass(&lease(6)).await).await, Kind::Precondition);
    bench.commit(async |tx| tx.fences().pass(&lease(7)).await).await;
    bench.commit(async |tx| tx.fences().pass(&lease(9)).await).await;
    assert_eq!(bench.refused(async |tx| tx.fences().pass(&lease(7)).await).await, Kind::Precondition);
    bench.commit(async |tx| tx.fences().pass(&Lease { name: "other".to_owned(), token: 1 }).await).await;
}

/// "Once it has committed": not before, and not without.
pub async fn a_rolled_back_one_has_not_passed(bench: &Bench) {
    bench.commit(async |tx| tx.fences().pass(&lease(1)).await).await;
    let tx = bench.begin().await;
    tx.fences().pass(&lease(9)).await.unwrap();
    drop(tx);
    bench.commit(async |tx| tx.fences().pass(&lease(2)).await).await;
}

/// "When a larger token was given out by the same database."
pub async fn the_next_lease_ends_the_former_ones(bench: &Bench) {
    let brief = Duration::from_millis(50);
    let paused = bench.locks.acquire("paper", brief).await.unwrap().unwrap();
    bench.commit(async |tx| tx.fences().pass(&paused).await).await;
    let next = eventually("the end of the lease", SOON, async || {
        bench.locks.acquire("paper", Duration::from_secs(600)).await.unwrap()
    })
    .await;
    // Even before the next one has written anything.
    assert_eq!(bench.refused(async |tx| tx.fences().pass(&paused).await).await, Kind::Precondition);
    bench.commit(async |tx| tx.fences().pass(&next).await).await;
}

/// What passed under tokens from elsewhere counts for leases from here.
pub async fn leases_begin_above_what_has_passed(bench: &Bench) {
    bench.commit(async |tx| tx.fences().pass(&lease(1_000_000)).await).await;
    let lease = bench.locks.acquire("paper", Duration::from_secs(600)).await.unwrap().unwrap();
    assert!(lease.token > 1_000_000, "{}", lease.token);
}

/// "Do not overlap: the later one waits for the end of the earlier."
pub async fn units_of_work_do_not_overlap(bench: &Bench) {
    bench.commit(async |tx| tx.fences().pass(&lease(1)).await).await;
    let earlier = bench.begin().await;
    earlier.fences().pass(&lease(1)).await.unwrap();
    let store = std::sync::Arc::clone(&bench.store);
    let later = tokio::spawn(async move {
        let tx = store.begin().await?;
        tx.fences().pass(&lease(2)).await?;
        tx.commit().await
    });
    // It is the earlier one's turn for as long as it likes; what it commits, the later one comes after.
    earlier.fences().pass(&lease(1)).await.unwrap();
    earlier.commit().await.unwrap();
    promptly("the later one", SOON, later).await.unwrap().unwrap();
    assert_eq!(bench.refused(async |tx| tx.fences().pass(&lease(1)).await).await, Kind::Precondition);
}
