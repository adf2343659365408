//! Counters.

use std::sync::Arc;
use std::time::Duration;

use ports::Kind;

use super::{CacheBench, LONG, found, key, set};

/// "Concurrent calls all count."
pub async fn all_concurrent_ones_count(bench: &CacheBench) {
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..50 {
        let cache = Arc::clone(if number % 2 == 0 { &bench.cache } else { &bench.other });
        calls.spawn(async move { cache.increment("hits", 2, LONG).await.unwrap().total });
    }
    let mut totals = calls.join_all().await;
    totals.sort_unstable();
    assert_eq!(totals, (1..=50).map(|call| call * 2).collect::<Vec<u64>>());
}

/// "The first one … sets when it starts again, which later ones do not change."
pub async fn the_first_one_sets_the_end(bench: &CacheBench) {
    let hour = Duration::from_secs(3600);
    let first = bench.cache.increment("hits", 1, LONG).await.unwrap();
    let second = bench.cache.increment("hits", 1, hour).await.unwrap();
    assert_eq!((first.total, second.total), (1, 2));
    for left in [first.left, second.left] {
        assert!(left <= LONG && left + Duration::from_secs(60) > LONG, "{left:?}");
    }
}

/// "When it starts again."
pub async fn starts_again_at_zero(bench: &CacheBench) {
    bench.cache.increment("hits", 1_000, bench.brief()).await.unwrap();
    bench
        .is_over("its time", async || bench.cache.increment("hits", 1, LONG).await.unwrap().total < 1_000)
        .await;
}

/// "Forgets … a counter."
pub async fn a_deleted_one_starts_again(bench: &CacheBench) {
    bench.cache.increment("hits", 7, LONG).await.unwrap();
    bench.cache.delete("hits").await.unwrap();
    assert_eq!(bench.cache.increment("hits", 1, LONG).await.unwrap().total, 1);
}

/// Bytes of an upload quota, say.
pub async fn large_steps_count(bench: &CacheBench) {
    let step = 1_u64 << 52;
    for call in 1..=3 {
        assert_eq!(bench.cache.increment("bytes", step, LONG).await.unwrap().total, call * step);
    }
}

/// "`Conflict` when the name holds a value that is no number."
pub async fn refuses_a_value_that_is_no_number(bench: &CacheBench) {
    set(&*bench.cache, &key("a"), "text").await;
    let refused = bench.cache.increment("a", 1, LONG).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Conflict);
    assert_eq!(found(&*bench.cache, &key("a")).await.unwrap(), "text");
}

/// A name is one thing at a time.
pub async fn a_value_written_over_it_stays_a_value(bench: &CacheBench) {
    bench.cache.increment("a", 3, LONG).await.unwrap();
    set(&*bench.cache, &key("a"), "17").await;
    assert_eq!(found(&*bench.cache, &key("a")).await.unwrap(), "17");
    assert_eq!(bench.cache.increment("a", 1, LONG).await.unwrap_err().kind(), Kind::Conflict);
}
