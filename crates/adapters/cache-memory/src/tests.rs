//! The conformance suite, and what is this adapter's own: its bound, and its URL.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use ports::{Cache, CacheKey, Kind};
use testkit::cache::CacheBench;
use testkit::fakes::FixedClock;

use crate::MemoryCache;

testkit::cache_suite!(bench());

const LONG: Duration = Duration::from_secs(600);

fn bench() -> impl Future<Output = Option<CacheBench>> {
    let clock = Arc::new(FixedClock::default());
    let cache: Arc<dyn Cache> = Arc::new(MemoryCache::new(64 << 20, clock.clone()));
    let bench = CacheBench { other: Arc::clone(&cache), cache, clock: Some(clock), keep: Box::new(()) };
    ready(Some(bench))
}

#[tokio::test]
async fn holds_no_more_than_it_was_given() {
    let cache = MemoryCache::new(1 << 20, Arc::new(FixedClock::default()));
    let value = vec![0; 10_000];
    for number in 0..1_000 {
        let name = format!("{number}");
        cache.set(&CacheKey::new(name), &value, LONG, None).await.unwrap();
    }
    cache.entries.run_pending_tasks();
    assert!(cache.entries.weighted_size() <= 1 << 20, "{}", cache.entries.weighted_size());
    assert!(cache.entries.entry_count() > 50);
}

#[tokio::test]
async fn a_subscriber_that_falls_behind_is_told_so() {
    let cache = MemoryCache::new(1 << 20, Arc::new(FixedClock::default()));
    let mut subscription = cache.subscribe("news").await.unwrap();
    for _ in 0..2 * super::BACKLOG {
        cache.publish("news", b"x").await.unwrap();
    }
    assert_eq!(subscription.next().await.unwrap_err().kind(), Kind::Unavailable);
}

#[test]
fn its_url_sets_the_bound() {
    let clock = || Arc::new(FixedClock::default());
    for url in ["memory://", "memory://?", "memory://?max_mb=1"] {
        MemoryCache::connect(url, clock()).unwrap();
    }
    for url in ["memory://?max_mb=0", "memory://?max_mb=x", "memory://?prefix=x"] {
        assert_eq!(MemoryCache::connect(url, clock()).err().unwrap().kind(), Kind::Internal, "{url}");
    }
}
