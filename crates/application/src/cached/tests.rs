//! Who loads, who waits, and what is left of a load that failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_memory::MemoryCache;
use ports::{CacheKey, Error, Kind};
use testkit::fakes::{FixedClock, SeededRandom};
use testkit::poll::{eventually, promptly};
use tokio::sync::Semaphore;

use super::{Cached, Policy};

const SOON: Duration = Duration::from_secs(10);
const TTL: Duration = Duration::from_secs(60);
const POLICY: Policy<u64> = Policy { ttl: TTL, worth: |_| true };

/// A source that counts how often it is read, and answers when it is let.
struct Source {
    clock: Arc<FixedClock>,
    cached: Cached,
    reads: AtomicU64,
    gate: Semaphore,
}

impl Source {
    fn new() -> Arc<Self> {
        let clock = Arc::new(FixedClock::default());
        let cache = Arc::new(MemoryCache::new(1 << 20, clock.clone()));
        let cached = Cached::new(cache, clock.clone(), Arc::new(SeededRandom::default()));
        Arc::new(Self { clock, cached, reads: AtomicU64::new(0), gate: Semaphore::new(0) })
    }

    fn open() -> Arc<Self> {
        let source = Self::new();
        source.gate.add_permits(Semaphore::MAX_PERMITS / 2);
        source
    }

    /// The number of the read, after `cost` of the clock's time.
    async fn read(&self, cost: Duration) -> ports::Result<u64> {
        let number = self.reads.fetch_add(1, Ordering::SeqCst) + 1;
        self.gate.acquire().await.unwrap().forget();
        self.clock.advance(cost);
        Ok(number)
    }

    async fn get(&self) -> ports::Result<u64> {
        self.cached.get_or_load(&key(), &POLICY, async || self.read(Duration::ZERO).await).await
    }

    fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }

    async fn is_read(&self, times: u64) {
        eventually("a read", SOON, async || (self.reads() == times).then_some(())).await;
    }
}

fn key() -> CacheKey {
    CacheKey::new("a").tagged("red")
}

fn unavailable() -> Error {
    Error::new(Kind::Unavailable, "source")
}

#[tokio::test]
async fn a_value_is_loaded_once_until_its_time_is_over() {
    let source = Source::open();
    for _ in 0..3 {
        assert_eq!(source.get().await.unwrap(), 1);
    }
    source.clock.advance(TTL);
    assert_eq!(source.get().await.unwrap(), 2);
}

#[tokio::test]
async fn many_who_miss_at_once_share_one_load() {
    let source = Source::new();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let source = Arc::clone(&source);
        callers.spawn(async move { source.get().await.unwrap() });
    }
    source.is_read(1).await;
    source.gate.add_permits(1);
    assert!(callers.join_all().await.into_iter().all(|value| value == 1));
    assert_eq!(source.reads(), 1);
}

#[tokio::test]
async fn a_failure_reaches_all_who_waited_and_is_not_kept() {
    let source = Source::new();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let source = Arc::clone(&source);
        callers.spawn(async move {
            let failing = async || source.read(Duration::ZERO).await.and(Err(unavailable()));
            source.cached.get_or_load(&key(), &POLICY, failing).await.unwrap_err().kind()
        });
    }
    source.is_read(1).await;
    source.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    assert!(callers.join_all().await.into_iter().all(|kind| kind == Kind::Unavailable));
    let failed = source.reads();
    assert_eq!(source.get().await.unwrap(), failed + 1);
}

#[tokio::test]
async fn a_loader_that_panics_or_is_dropped_makes_way() {
    for panics in [true, false] {
        let source = Source::new();
        let leader = tokio::spawn({
            let source = Arc::clone(&source);
            async move {
                let load = async || {
                    let number = source.read(Duration::ZERO).await;
                    assert!(!panics, "as told");
                    number
                };
                source.cached.get_or_load(&key(), &POLICY, load).await
            }
        });
        source.is_read(1).await;
        let follower = tokio::spawn({
            let source = Arc::clone(&source);
            async move { source.get().await }
        });
        if panics {
            source.gate.add_permits(1);
        } else {
            leader.abort();
        }
        assert!(leader.await.is_err());
        source.is_read(2).await;
        source.gate.add_permits(1);
        assert_eq!(promptly("the next one", SOON, follower).await.unwrap().unwrap(), 2);
    }
}

#[tokio::test]
async fn what_is_not_worth_it_is_not_kept() {
    const SMALL: Policy<u64> = Policy { ttl: TTL, worth: |number| *number > 2 };
    let source = Source::open();
    for expected in [1, 2, 3, 3, 3] {
        let load = async || source.read(Duration::ZERO).await;
        assert_eq!(source.cached.get_or_load(&key(), &SMALL, load).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn an_invalidation_during_a_load_is_not_overlooked() {
    let source = Source::new();
    let slow = tokio::spawn({
        let source = Arc::clone(&source);
        async move { source.get().await.unwrap() }
    });
    source.is_read(1).await;
    source.cached.invalidate("red").await;
    // Whoever comes now does not join the load that began before.
    let fresh = tokio::spawn({
        let source = Arc::clone(&source);
        async move { source.get().await.unwrap() }
    });
    source.is_read(2).await;
    source.gate.add_permits(2);
    assert_eq!((slow.await.unwrap(), fresh.await.unwrap()), (1, 2));
    assert_eq!(source.get().await.unwrap(), 2);
}

/// The nearer the end and the dearer the load, the likelier.
#[tokio::test]
async fn somebody_refreshes_a_dear_value_before_its_end() {
    let source = Source::open();
    let cost = Duration::from_secs(2);
    let load = async || source.read(cost).await;
    assert_eq!(source.cached.get_or_load(&key(), &POLICY, load).await.unwrap(), 1);
    // A minute before the end nobody does: the chance is e^-30.
    for _ in 0..100 {
        assert_eq!(source.get().await.unwrap(), 1);
    }
    // A second before it, each caller does with a chance of e^-0.5.
    source.clock.advance(Duration::from_secs(59));
    let mut values = Vec::new();
    for _ in 0..100 {
        values.push(source.get().await.unwrap());
    }
    assert_eq!(values.last(), Some(&2), "{values:?}");
    assert_eq!(source.reads(), 2);
}

#[tokio::test]
async fn an_early_refresh_that_fails_costs_nothing() {
    let source = Source::open();
    let load = async || source.read(Duration::from_secs(2)).await;
    assert_eq!(source.cached.get_or_load(&key(), &POLICY, load).await.unwrap(), 1);
    source.clock.advance(Duration::from_millis(59_999));
    for _ in 0..20 {
        let failing = async || source.read(Duration::ZERO).await.and(Err(unavailable()));
        assert_eq!(source.cached.get_or_load(&key(), &POLICY, failing).await.unwrap(), 1);
    }
    assert!(source.reads() > 1, "nobody tried");
}
