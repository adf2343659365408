//! The server dies, hangs, loses its role, and comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ports::{Cache, CacheKey, CachePattern, Kind};
use testkit::poll::{eventually, promptly};
use testkit::redis::{RedisSentinel, RedisServer};

use super::connect;
use crate::RedisCache;

const LONG: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_secs(20);

fn key() -> CacheKey {
    CacheKey::new("a").tagged("red")
}

async fn heals(cache: &RedisCache) {
    eventually("the cache answers", SOON, async || cache.check().await.ok()).await;
}

async fn is_away(cache: &RedisCache) {
    eventually("the cache is away", SOON, async || {
        cache.check().await.is_err_and(|error| error.kind() == Kind::Unavailable).then_some(())
    })
    .await;
}

/// Every operation, as it is answered while nobody is there.
async fn everything_is_unavailable(cache: &RedisCache) {
    let failures = [
        cache.get(&key()).await.err(),
        cache.set(&key(), b"x", LONG, None).await.err(),
        cache.delete("b").await.err(),
        cache.delete_matching(&CachePattern::new("b*")).await.err(),
        cache.invalidate(&["blue"]).await.err(),
        cache.increment("n", 1, LONG).await.err(),
        cache.compare_and_set("door", None, Some(b"me"), LONG).await.err(),
        cache.publish("news", b"x").await.err(),
        cache.check().await.err(),
    ];
    for failure in failures {
        assert_eq!(failure.expect("a failure").kind(), Kind::Unavailable);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_yet() {
    let Some(server) = RedisServer::start().await else { return };
    server.kill();
    let cache = connect(&server.url());
    is_away(&cache).await;
    everything_is_unavailable(&cache).await;
    server.resume().await;
    heals(&cache).await;
    cache.set(&key(), b"x", LONG, None).await.unwrap();
    assert!(cache.get(&key()).await.unwrap().hit.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_and_returns() {
    let Some(server) = RedisServer::start().await else { return };
    let cache = connect(&server.url());
    heals(&cache).await;
    let mut subscription = cache.subscribe("news").await.unwrap();
    server.kill();
    // Whoever listens learns that it may have missed something.
    let ended = promptly("the end of the subscription", SOON, subscription.next()).await;
    assert_eq!(ended.unwrap_err().kind(), Kind::Unavailable);
    is_away(&cache).await;
    everything_is_unavailable(&cache).await;
    server.resume().await;
    heals(&cache).await;
    cache.subscribe("news").await.unwrap();
    assert_eq!(cache.increment("n", 1, LONG).await.unwrap().total, 1);
}

/// Connections stay open and nothing is answered: the first callers wait for their time limit, all others do not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_costs_its_time_limit_once() {
    let Some(server) = RedisServer::start().await else { return };
    let cache = connect(&format!("{}?timeout_ms=200", server.url()));
    heals(&cache).await;
    let mut subscription = cache.subscribe("news").await.unwrap();
    server.hang();
    let begun = Instant::now();
    assert_eq!(cache.get(&key()).await.unwrap_err().kind(), Kind::Unavailable);
    assert!(begun.elapsed() >= Duration::from_millis(200));
    let begun = Instant::now();
    for _ in 0..1_000 {
        assert_eq!(cache.get(&key()).await.unwrap_err().kind(), Kind::Unavailable);
    }
    // One time limit each would be 200 seconds; one altogether is a chance left to a slow machine.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    everything_is_unavailable(&cache).await;
    let ended = promptly("the end of the subscription", SOON, subscription.next()).await;
    assert_eq!(ended.unwrap_err().kind(), Kind::Unavailable);
    server.go_on();
    heals(&cache).await;
}

/// What could not be forgotten is forgotten before anything is found again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forgotten_during_an_outage_is_not_found_after_it() {
    let Some(server) = RedisServer::start().await else { return };
    let cache = connect(&format!("{}?timeout_ms=100", server.url()));
    heals(&cache).await;
    let plain = |name: &str| CacheKey::new(name);
    for key in [key(), plain("deleted"), plain("match:1"), plain("stays")] {
        cache.set(&key, b"old", LONG, None).await.unwrap();
    }
    server.hang();
    is_away(&cache).await;
    assert!(cache.invalidate(&["red"]).await.is_err());
    assert!(cache.delete("deleted").await.is_err());
    assert!(cache.delete_matching(&CachePattern::new("match:*")).await.is_err());
    server.go_on();
    for key in [key(), plain("deleted"), plain("match:1")] {
        let found = eventually("an answer", SOON, async || cache.get(&key).await.ok()).await;
        assert_eq!(found.hit, None, "{key:?}");
    }
    assert!(cache.get(&plain("stays")).await.unwrap().hit.is_some());
}

/// Sentinel names another master: the link follows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_dies_is_replaced() {
    let Some(group) = RedisSentinel::start().await else { return };
    let cache = connect(&group.url());
    heals(&cache).await;
    cache.set(&CacheKey::new("a"), b"one", LONG, None).await.unwrap();
    group.master.kill();
    eventually("the new master takes writes", Duration::from_secs(60), async || {
        cache.set(&CacheKey::new("a"), b"two", LONG, None).await.ok()
    })
    .await;
    assert_eq!(cache.get(&CacheKey::new("a")).await.unwrap().hit.unwrap().value, "two");
    let role = group.replica.ask(&["ROLE"]).unwrap();
    assert!(role.contains("master"), "{role}");
}

/// Many callers share one connection, and a caller that gives up takes nobody else's answer away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_give_up_disturb_nobody() {
    let Some(server) = RedisServer::start().await else { return };
    let cache = connect(&server.url());
    heals(&cache).await;
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..200 {
        let cache = Arc::clone(&cache);
        callers.spawn(async move {
            let key = CacheKey::new(format!("{number}"));
            if number % 2 == 0 {
                let _ = testkit::poll::cut_short(1, cache.set(&key, b"x", LONG, None)).await;
                return;
            }
            let value = number.to_string();
            cache.set(&key, value.as_bytes(), LONG, None).await.unwrap();
            assert_eq!(cache.get(&key).await.unwrap().hit.unwrap().value, value);
        });
    }
    callers.join_all().await;
}
