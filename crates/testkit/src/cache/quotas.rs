//! Quotas.

use std::sync::Arc;
use std::time::Duration;

use ports::{Kind, Quota};

use super::{CacheBench, LONG, found, key, set};

/// Two at once, and then hardly anything within a test.
const TWO: Quota = Quota { limit: 2, period: LONG };

/// "Asks for one more under a quota." "Refused ones cost nothing."
pub async fn so_many_are_granted_and_then_none(bench: &CacheBench) {
    let first = bench.cache.ask("door", TWO, 1).await.unwrap();
    assert_eq!((first.granted, first.left, first.retry_after), (true, 1, Duration::ZERO));
    let second = bench.cache.ask("door", TWO, 1).await.unwrap();
    assert!(second.granted && second.left == 0, "{second:?}");
    let half = LONG / 2;
    for answer in [
        second,
        bench.cache.ask("door", TWO, 1).await.unwrap(),
        bench.cache.ask("door", TWO, 1).await.unwrap(),
    ] {
        // Less by what the calls took.
        assert!(
            answer.retry_after <= half && answer.retry_after + Duration::from_secs(60) > half,
            "{answer:?}"
        );
        assert!(answer.full_after <= LONG && answer.full_after > half, "{answer:?}");
    }
    assert!(!bench.cache.ask("door", TWO, 1).await.unwrap().granted);
    assert!(bench.cache.ask("another door", TWO, 1).await.unwrap().granted);
}

/// "Asking for none only looks." Several are granted together or not at all.
pub async fn one_can_look_and_ask_for_several(bench: &CacheBench) {
    let look = async || {
        let answer = bench.cache.ask("door", TWO, 0).await.unwrap();
        assert!(answer.granted);
        answer.left
    };
    assert_eq!(look().await, 2);
    assert!(!bench.cache.ask("door", TWO, 3).await.unwrap().granted);
    assert_eq!(look().await, 2);
    assert!(bench.cache.ask("door", TWO, 2).await.unwrap().granted);
    assert_eq!(look().await, 0);
    assert!(bench.cache.ask("door", TWO, 0).await.unwrap().retry_after > Duration::ZERO);
}

/// "Of concurrent calls no more are granted than the quota lets", of all processes where the cache is shared.
pub async fn concurrent_calls_share_it(bench: &CacheBench) {
    let quota = Quota { limit: 10, period: LONG };
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..50 {
        let cache = Arc::clone(if number % 2 == 0 { &bench.cache } else { &bench.other });
        calls.spawn(async move { cache.ask("door", quota, 1).await.unwrap().granted });
    }
    let granted = calls.join_all().await.into_iter().filter(|granted| *granted).count();
    assert_eq!(granted, 10);
}

/// "By the cache's own clock": what was used comes back, step by step. Asking in vain does not put it off.
pub async fn comes_back_in_time(bench: &CacheBench) {
    let quota = Quota { limit: 2, period: bench.brief() };
    for granted in [true, true, false] {
        assert_eq!(bench.cache.ask("door", quota, 1).await.unwrap().granted, granted);
    }
    bench.is_over("the wait", async || bench.cache.ask("door", quota, 1).await.unwrap().granted).await;
}

/// [`ports::Cache::delete`] forgets it, too.
pub async fn a_deleted_one_is_full(bench: &CacheBench) {
    bench.cache.ask("door", TWO, 1).await.unwrap();
    bench.cache.delete("door").await.unwrap();
    assert_eq!(bench.cache.ask("door", TWO, 1).await.unwrap().left, 1);
}

/// "`Conflict` when the name holds something else."
pub async fn is_no_value_and_no_counter(bench: &CacheBench) {
    set(&*bench.cache, &key("value"), "text").await;
    bench.cache.increment("hits", 1, LONG).await.unwrap();
    for name in ["value", "hits"] {
        assert_eq!(bench.cache.ask(name, TWO, 1).await.unwrap_err().kind(), Kind::Conflict, "{name}");
    }
    bench.cache.ask("door", TWO, 1).await.unwrap();
    assert_eq!(bench.cache.increment("door", 1, LONG).await.unwrap_err().kind(), Kind::Conflict);
    assert_eq!(found(&*bench.cache, &key("door")).await, None);
    assert!(!bench.cache.compare_and_set("door", None, Some(b"x"), LONG).await.unwrap());
}
