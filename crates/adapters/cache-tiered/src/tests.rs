//! The conformance suite over two processes that share a far cache, and what happens while they don't hear each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cache_memory::MemoryCache;
use ports::{
    Allowance, Cache, CacheCapabilities, CacheKey, CachePattern, Count, Error, Kind, Lookup, Quota, Result,
    Stamp, Subscription,
};
use testkit::cache::CacheBench;
use testkit::fakes::{FixedClock, SeededRandom};
use testkit::poll::eventually;
use tokio::sync::Notify;

use crate::news::{News, Origin};
use crate::{TieredCache, settings};

const SIZE: u64 = 64 << 20;
const KEEP: Duration = Duration::from_secs(5);
const LONG: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_secs(10);

testkit::cache_suite!(bench());

/// A far cache that can be away.
struct Far {
    cache: MemoryCache,
    away: AtomicBool,
    left: Notify,
}

impl Far {
    fn new(clock: Arc<FixedClock>) -> Arc<Self> {
        Arc::new(Self {
            cache: MemoryCache::new(SIZE, clock),
            away: AtomicBool::new(false),
            left: Notify::new(),
        })
    }

    fn leaves(&self) {
        self.away.store(true, Ordering::SeqCst);
        self.left.notify_waiters();
    }

    fn returns(&self) {
        self.away.store(false, Ordering::SeqCst);
    }

    fn here(&self) -> Result<&MemoryCache> {
        if self.away.load(Ordering::SeqCst) {
            Err(Error::new(Kind::Unavailable, "far"))
        } else {
            Ok(&self.cache)
        }
    }
}

/// Ends when the far cache leaves.
struct Heard(Arc<Far>, Box<dyn Subscription>);

#[async_trait]
impl Subscription for Heard {
    async fn next(&mut self) -> Result<Bytes> {
        let left = self.0.left.notified();
        self.0.here()?;
        tokio::select! {
            message = self.1.next() => message,
            () = left => Err(Error::new(Kind::Unavailable, "far")),
        }
    }
}

/// The handle of one process.
struct Process(Arc<Far>);

#[async_trait]
impl Cache for Process {
    async fn get(&self, key: &CacheKey) -> Result<Lookup> {
        self.0.here()?.get(key).await
    }
    async fn set(&self, key: &CacheKey, value: &[u8], ttl: Duration, stamp: Option<&Stamp>) -> Result<()> {
        self.0.here()?.set(key, value, ttl, stamp).await
    }
    async fn delete(&self, name: &str) -> Result<()> {
        self.0.here()?.delete(name).await
    }
    async fn delete_matching(&self, pattern: &CachePattern) -> Result<()> {
        self.0.here()?.delete_matching(pattern).await
    }
    async fn invalidate(&self, tags: &[&str]) -> Result<()> {
        self.0.here()?.invalidate(tags).await
    }
    async fn increment(&self, name: &str, by: u64, ttl: Duration) -> Result<Count> {
        self.0.here()?.increment(name, by, ttl).await
    }
    async fn ask(&self, name: &str, quota: Quota, count: u32) -> Result<Allowance> {
        self.0.here()?.ask(name, quota, count).await
    }
    async fn compare_and_set(
        &self,
        name: &str,
        expected: Option<&[u8]>,
        new: Option<&[u8]>,
        ttl: Duration,
    ) -> Result<bool> {
        self.0.here()?.compare_and_set(name, expected, new, ttl).await
    }
    async fn publish(&self, channel: &str, message: &[u8]) -> Result<()> {
        self.0.here()?.publish(channel, message).await
    }
    async fn subscribe(&self, channel: &str) -> Result<Box<dyn Subscription>> {
        Ok(Box::new(Heard(Arc::clone(&self.0), self.0.here()?.subscribe(channel).await?)))
    }
    async fn check(&self) -> Result<()> {
        self.0.here()?.check().await
    }
    fn capabilities(&self) -> CacheCapabilities {
        CacheCapabilities { shared: true }
    }
}

async fn process(far: &Arc<Far>, clock: &Arc<FixedClock>, keep: Option<Duration>) -> Arc<TieredCache> {
    static SEED: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let random = SeededRandom::new(SEED.fetch_add(1 << 32, Ordering::Relaxed));
    let near = Arc::new(MemoryCache::new(SIZE, Arc::clone(clock) as Arc<dyn ports::Clock>));
    let tiered = TieredCache::new(near, Arc::new(Process(Arc::clone(far))), keep, &random).unwrap();
    if keep.is_some() {
        listens(&tiered).await;
    }
    Arc::new(tiered)
}

async fn listens(tiered: &TieredCache) {
    eventually("it listens", SOON, async || tiered.near.ticket().map(drop)).await;
}

async fn bench() -> Option<CacheBench> {
    let clock = Arc::new(FixedClock::default());
    let far = Far::new(Arc::clone(&clock));
    let (cache, other) = (process(&far, &clock, Some(KEEP)).await, process(&far, &clock, Some(KEEP)).await);
    Some(CacheBench { cache, other, clock: Some(clock), keep: Box::new(far) })
}

async fn found(cache: &TieredCache, name: &str) -> Option<Bytes> {
    cache.get(&CacheKey::new(name)).await.unwrap().hit.map(|hit| hit.value)
}

#[tokio::test]
async fn what_was_found_far_away_is_kept_near_for_a_moment() {
    let clock = Arc::new(FixedClock::default());
    let far = Far::new(Arc::clone(&clock));
    let cache = process(&far, &clock, Some(KEEP)).await;
    let key = CacheKey::new("a");
    cache.set(&key, b"one", LONG, None).await.unwrap();
    assert_eq!(found(&cache, "a").await.unwrap(), "one");
    // Changed behind everybody's back: seen once what is near is over.
    far.cache.set(&key, b"two", LONG, None).await.unwrap();
    assert_eq!(found(&cache, "a").await.unwrap(), "one");
    clock.advance(KEEP);
    assert_eq!(found(&cache, "a").await.unwrap(), "two");
}

#[tokio::test]
async fn switched_off_nothing_is_kept_near() {
    let clock = Arc::new(FixedClock::default());
    let far = Far::new(Arc::clone(&clock));
    let cache = process(&far, &clock, None).await;
    let key = CacheKey::new("a");
    cache.set(&key, b"one", LONG, None).await.unwrap();
    assert_eq!(found(&cache, "a").await.unwrap(), "one");
    far.cache.set(&key, b"two", LONG, None).await.unwrap();
    assert_eq!(found(&cache, "a").await.unwrap(), "two");
}

#[tokio::test]
async fn a_process_that_does_not_hear_the_others_asks_far_away_or_nobody() {
    let clock = Arc::new(FixedClock::default());
    let far = Far::new(Arc::clone(&clock));
    let cache = process(&far, &clock, Some(KEEP)).await;
    let key = CacheKey::new("a");
    cache.set(&key, b"one", LONG, None).await.unwrap();
    assert_eq!(found(&cache, "a").await.unwrap(), "one");
    far.leaves();
    eventually("what is near is given up", SOON, async || cache.get(&key).await.err()).await;
    // Another process, which still reaches it, changes the value and tells everybody who listens.
    far.cache.set(&key, b"two", LONG, None).await.unwrap();
    far.returns();
    assert_eq!(found(&cache, "a").await.unwrap(), "two");
    listens(&cache).await;
    assert_eq!(found(&cache, "a").await.unwrap(), "two");
}

#[tokio::test]
async fn limits_count_per_process_while_the_far_cache_is_away() {
    let clock = Arc::new(FixedClock::default());
    let far = Far::new(Arc::clone(&clock));
    let (here, there) = (process(&far, &clock, Some(KEEP)).await, process(&far, &clock, None).await);
    assert_eq!(here.increment("tries", 1, LONG).await.unwrap().total, 1);
    assert_eq!(there.increment("tries", 1, LONG).await.unwrap().total, 2);
    far.leaves();
    for total in 1..=3 {
        assert_eq!(here.increment("tries", 1, LONG).await.unwrap().total, total);
    }
    assert_eq!(there.increment("tries", 1, LONG).await.unwrap().total, 1);
    let quota = Quota { limit: 1, period: LONG };
    for (process, granted) in [(&here, true), (&here, false), (&there, true)] {
        assert_eq!(process.ask("door", quota, 1).await.unwrap().granted, granted);
    }
    far.returns();
    assert_eq!(here.increment("tries", 1, LONG).await.unwrap().total, 3);
}

#[tokio::test]
async fn nobody_is_let_in_while_the_far_cache_is_away() {
    let clock = Arc::new(FixedClock::default());
    let far = Far::new(Arc::clone(&clock));
    let cache = process(&far, &clock, Some(KEEP)).await;
    far.leaves();
    let refused = cache.compare_and_set("door", None, Some(b"me"), LONG).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Unavailable);
}

#[test]
fn news_arrive_as_they_were_told() {
    let origin: Origin = *b"12345678";
    for news in [News::Name("a:b"), News::Tag(""), News::Matching("ü*")] {
        assert_eq!(News::decode(&news.encode(origin)), Some((origin, news)));
    }
    for unknown in [&b""[..], b"12345678", b"12345678x", b"12345678n\xff"] {
        assert_eq!(News::decode(unknown), None);
    }
}

#[test]
fn the_url_says_how_long() {
    for (url, keep) in [
        ("redis://a", Some(5_000)),
        ("redis://a?prefix=x&near=on", Some(5_000)),
        ("redis://a?near_ms=250", Some(250)),
        ("redis://a?near=off&prefix=x", None),
        ("redis://a?near=off&near_ms=250", None),
    ] {
        assert_eq!(settings::keep(url).unwrap(), keep.map(Duration::from_millis), "{url}");
    }
    for url in ["redis://a?near=yes", "redis://a?near_ms=0", "redis://a?near_ms=x", "redis://a?nearby=1"] {
        assert_eq!(settings::keep(url).unwrap_err().kind(), Kind::Internal, "{url}");
    }
}
