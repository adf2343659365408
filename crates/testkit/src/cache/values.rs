//! Values, by name.

use std::time::Duration;

use super::{CacheBench, LONG, SOON, found, key, set};
use crate::poll::eventually;

/// "Keeps a value."
pub async fn finds_what_was_set(bench: &CacheBench) {
    set(&*bench.cache, &key("a"), "one").await;
    assert_eq!(found(&*bench.cache, &key("a")).await.unwrap(), "one");
    assert_eq!(found(&*bench.cache, &key("a")).await.unwrap(), "one");
}

/// "Looks for a value": of this very name.
pub async fn finds_nothing_else(bench: &CacheBench) {
    set(&*bench.cache, &key("a"), "one").await;
    for other in ["", "A", "a ", "a*", "*", "ä"] {
        assert_eq!(found(&*bench.cache, &key(other)).await, None, "{other:?}");
    }
}

/// "… in place of what was there."
pub async fn the_last_one_stays(bench: &CacheBench) {
    for value in ["one", "two", "3"] {
        set(&*bench.cache, &key("a"), value).await;
        assert_eq!(found(&*bench.cache, &key("a")).await.unwrap(), value);
    }
}

/// A value is bytes, and a name any text.
pub async fn any_bytes_are_a_value(bench: &CacheBench) {
    let every: Vec<u8> = (0..=255).collect();
    let large = vec![7; 300_000];
    for (number, value) in [&b""[..], b"0", b"17", b"\0\0", &every, &large].into_iter().enumerate() {
        let key = key(&format!("{{x}} {number}:\n*?[]\\ü"));
        bench.cache.set(&key, value, LONG, None).await.unwrap();
        assert_eq!(found(&*bench.cache, &key).await.unwrap(), value);
    }
}

/// "For how long it will be kept at most."
pub async fn says_how_long_it_is_kept(bench: &CacheBench) {
    set(&*bench.cache, &key("a"), "one").await;
    let left = bench.cache.get(&key("a")).await.unwrap().hit.unwrap().left;
    assert!(left <= LONG && left + Duration::from_secs(60) > LONG, "{left:?}");
}

/// "Finds none once its time is over."
pub async fn is_over_in_time(bench: &CacheBench) {
    bench.cache.set(&key("brief"), b"x", bench.brief(), None).await.unwrap();
    set(&*bench.cache, &key("long"), "y").await;
    // Read in between: whatever is remembered of it on the way must end in time as well.
    let seen = bench.cache.get(&key("brief")).await.unwrap().hit;
    assert!(seen.is_none_or(|hit| hit.left <= bench.brief()));
    bench.is_over("its time", async || found(&*bench.cache, &key("brief")).await.is_none()).await;
    assert_eq!(found(&*bench.cache, &key("long")).await.unwrap(), "y");
}

/// "Forgets a value."
pub async fn forgets_what_is_deleted(bench: &CacheBench) {
    set(&*bench.cache, &key("a"), "one").await;
    set(&*bench.cache, &key("b"), "two").await;
    bench.cache.delete("a").await.unwrap();
    assert_eq!(found(&*bench.cache, &key("a")).await, None);
    assert_eq!(found(&*bench.cache, &key("b")).await.unwrap(), "two");
}

/// "Forgetting what is not there succeeds."
pub async fn deleting_what_is_missing_succeeds(bench: &CacheBench) {
    bench.cache.delete("never").await.unwrap();
    bench.cache.delete("never").await.unwrap();
}

/// "Whether other processes see what this one keeps."
pub async fn another_process_sees_it_where_it_is_shared(bench: &CacheBench) {
    if !bench.cache.capabilities().shared {
        return;
    }
    set(&*bench.cache, &key("a"), "one").await;
    assert_eq!(found(&*bench.other, &key("a")).await.unwrap(), "one");
    set(&*bench.other, &key("a"), "two").await;
    // It hears of it, at once or after a moment.
    eventually("the other one's value", SOON, async || {
        (found(&*bench.cache, &key("a")).await? == "two").then_some(())
    })
    .await;
    bench.other.delete("a").await.unwrap();
    eventually("the other one's deletion", SOON, async || {
        found(&*bench.cache, &key("a")).await.is_none().then_some(())
    })
    .await;
}

/// "Answers when the cache answers."
pub async fn answers_when_asked_for_its_health(bench: &CacheBench) {
    bench.cache.check().await.unwrap();
}
