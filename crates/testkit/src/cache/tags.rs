//! Tags, and who was too late.

use ports::CacheKey;

use super::{CacheBench, LONG, SOON, found, set};
use crate::poll::eventually;

fn key(name: &str, tags: &[&str]) -> CacheKey {
    tags.iter().fold(CacheKey::new(name), |key, tag| key.tagged(*tag))
}

/// "Forgets all values whose keys have one of the tags."
pub async fn each_of_its_tags_takes_a_value_away(bench: &CacheBench) {
    for tag in ["red", "green", "blue"] {
        let key = key("a", &["red", "green", "blue"]);
        set(&*bench.cache, &key, "one").await;
        assert_eq!(found(&*bench.cache, &key).await.unwrap(), "one");
        bench.cache.invalidate(&[tag]).await.unwrap();
        assert_eq!(found(&*bench.cache, &key).await, None, "{tag}");
    }
    let keys = [key("a", &["red"]), key("b", &["green"]), key("c", &["red", "green"])];
    for key in &keys {
        set(&*bench.cache, key, "x").await;
    }
    bench.cache.invalidate(&["red", "green"]).await.unwrap();
    for key in &keys {
        assert_eq!(found(&*bench.cache, key).await, None, "{key:?}");
    }
}

/// … and no others.
pub async fn other_values_stay(bench: &CacheBench) {
    let stays = [key("a", &[]), key("b", &["green"]), key("c", &["re", "redd", "RED", "*"])];
    for key in &stays {
        set(&*bench.cache, key, "x").await;
    }
    bench.cache.invalidate(&["red"]).await.unwrap();
    for key in &stays {
        assert_eq!(found(&*bench.cache, key).await.unwrap(), "x", "{key:?}");
    }
}

/// "Those included that somebody has looked up and not yet written."
pub async fn a_slow_reader_does_not_bring_back_what_was_invalidated(bench: &CacheBench) {
    let key = key("a", &["red", "green"]);
    let looked = bench.cache.get(&key).await.unwrap();
    assert_eq!(looked.hit, None);
    bench.cache.invalidate(&["green"]).await.unwrap();
    bench.cache.set(&key, b"read before", LONG, Some(&looked.stamp)).await.unwrap();
    assert_eq!(found(&*bench.cache, &key).await, None);
}

/// "With the stamp of an earlier get it is never found if a tag was invalidated since": found otherwise.
pub async fn what_was_read_after_the_invalidation_is_found(bench: &CacheBench) {
    let key = key("a", &["red"]);
    bench.cache.invalidate(&["red"]).await.unwrap();
    let looked = bench.cache.get(&key).await.unwrap();
    bench.cache.set(&key, b"read after", LONG, Some(&looked.stamp)).await.unwrap();
    assert_eq!(found(&*bench.cache, &key).await.unwrap(), "read after");
    bench.cache.invalidate(&["red"]).await.unwrap();
    // "Without one the tags count as they stand now."
    bench.cache.set(&key, b"now", LONG, None).await.unwrap();
    assert_eq!(found(&*bench.cache, &key).await.unwrap(), "now");
}

/// "To be handed back with a newer value."
pub async fn a_hit_gives_a_stamp_to_refresh_with(bench: &CacheBench) {
    let key = key("a", &["red"]);
    set(&*bench.cache, &key, "one").await;
    for value in ["two", "three"] {
        let looked = bench.cache.get(&key).await.unwrap();
        assert!(looked.hit.is_some());
        bench.cache.set(&key, value.as_bytes(), LONG, Some(&looked.stamp)).await.unwrap();
        assert_eq!(found(&*bench.cache, &key).await.unwrap(), value);
    }
}

/// The same, when somebody invalidated meanwhile.
pub async fn a_stale_stamp_of_a_hit_stays_stale(bench: &CacheBench) {
    let key = key("a", &["red"]);
    set(&*bench.cache, &key, "one").await;
    assert!(found(&*bench.cache, &key).await.is_some());
    let looked = bench.cache.get(&key).await.unwrap();
    bench.cache.invalidate(&["red"]).await.unwrap();
    bench.cache.set(&key, b"old", LONG, Some(&looked.stamp)).await.unwrap();
    assert_eq!(found(&*bench.cache, &key).await, None);
}

/// "Whoever asks names the same ones as whoever wrote."
pub async fn whoever_names_other_tags_finds_nothing(bench: &CacheBench) {
    set(&*bench.cache, &key("a", &["red"]), "one").await;
    for other in [key("a", &[]), key("a", &["green"]), key("a", &["red", "green"])] {
        assert_eq!(found(&*bench.cache, &other).await, None, "{other:?}");
    }
}

/// Tags need not exist.
pub async fn invalidating_what_nobody_tagged_succeeds(bench: &CacheBench) {
    bench.cache.invalidate(&["never"]).await.unwrap();
    bench.cache.invalidate(&[]).await.unwrap();
}

/// Where it is shared, whoever changes something tells all processes.
pub async fn another_process_invalidates_too(bench: &CacheBench) {
    let key = key("a", &["red"]);
    set(&*bench.cache, &key, "one").await;
    assert!(found(&*bench.cache, &key).await.is_some());
    bench.other.invalidate(&["red"]).await.unwrap();
    assert_eq!(found(&*bench.other, &key).await, None);
    eventually("the other one's invalidation", SOON, async || {
        found(&*bench.cache, &key).await.is_none().then_some(())
    })
    .await;
}
