//! Compare and set.

use std::sync::Arc;

use super::{CacheBench, LONG, found, key, set};

/// "Of several callers who expect the same, one wins."
pub async fn one_of_many_wins(bench: &CacheBench) {
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..40 {
        let cache = Arc::clone(if number % 2 == 0 { &bench.cache } else { &bench.other });
        let mine = format!("caller {number}");
        calls.spawn(async move {
            let won = cache.compare_and_set("door", None, Some(mine.as_bytes()), LONG).await.unwrap();
            won.then_some(mine)
        });
    }
    let winners: Vec<String> = calls.join_all().await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(found(&*bench.cache, &key("door")).await.unwrap(), winners[0]);
}

/// "Replaces `expected` with `new` in one step."
pub async fn replaces_what_was_expected(bench: &CacheBench) {
    set(&*bench.cache, &key("a"), "one").await;
    assert!(bench.cache.compare_and_set("a", Some(b"one"), Some(b"two"), LONG).await.unwrap());
    assert_eq!(found(&*bench.cache, &key("a")).await.unwrap(), "two");
    assert!(bench.cache.compare_and_set("a", Some(b"two"), Some(b""), LONG).await.unwrap());
    assert!(bench.cache.compare_and_set("a", Some(b""), Some(b"three"), LONG).await.unwrap());
}

/// "False when something else is there."
pub async fn refuses_anything_else(bench: &CacheBench) {
    let cache = &bench.cache;
    assert!(!cache.compare_and_set("a", Some(b""), Some(b"x"), LONG).await.unwrap());
    set(&**cache, &key("a"), "one").await;
    assert!(!cache.compare_and_set("a", None, Some(b"x"), LONG).await.unwrap());
    assert!(!cache.compare_and_set("a", Some(b"on"), Some(b"x"), LONG).await.unwrap());
    assert!(!cache.compare_and_set("a", Some(b"one\0"), None, LONG).await.unwrap());
    assert_eq!(found(&**cache, &key("a")).await.unwrap(), "one");
}

/// "`None`: nothing."
pub async fn takes_away_what_was_expected(bench: &CacheBench) {
    let cache = &bench.cache;
    assert!(cache.compare_and_set("a", None, None, LONG).await.unwrap());
    set(&**cache, &key("a"), "one").await;
    assert!(cache.compare_and_set("a", Some(b"one"), None, LONG).await.unwrap());
    assert_eq!(found(&**cache, &key("a")).await, None);
    assert!(cache.compare_and_set("a", None, Some(b"again"), LONG).await.unwrap());
}

/// "Keeps it for `ttl`."
pub async fn is_over_in_time(bench: &CacheBench) {
    assert!(bench.cache.compare_and_set("a", None, Some(b"x"), bench.brief()).await.unwrap());
    bench
        .is_over("its time", async || bench.cache.compare_and_set("a", None, Some(b"y"), LONG).await.unwrap())
        .await;
}

/// "Values written with tags never equal what is expected."
pub async fn a_tagged_value_never_equals(bench: &CacheBench) {
    let tagged = key("a").tagged("red");
    set(&*bench.cache, &tagged, "one").await;
    assert!(!bench.cache.compare_and_set("a", Some(b"one"), Some(b"two"), LONG).await.unwrap());
    assert_eq!(found(&*bench.cache, &tagged).await.unwrap(), "one");
}
