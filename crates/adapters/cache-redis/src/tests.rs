//! The conformance suites on a single server, a cluster and behind Sentinel; URLs; and what happens to callers while
//! the server is away.

mod address;
mod locks;
mod outages;
mod revisions;

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ports::Cache;
use testkit::cache::CacheBench;
use testkit::fakes::SeededRandom;
use testkit::locks::LocksBench;
use testkit::mirror::MirrorBench;
use testkit::redis::{RedisCluster, RedisCorner, RedisSentinel};

use crate::{Address, RedisCache, RedisLocks};

fn connect(url: &str) -> Arc<RedisCache> {
    static SEED: AtomicU64 = AtomicU64::new(1);
    let random = SeededRandom::new(SEED.fetch_add(1 << 32, Ordering::Relaxed));
    Arc::new(RedisCache::connect(Address::parse(url).unwrap(), Arc::new(random)).unwrap())
}

async fn bench(url: &str, keep: impl Any + Send + Sync) -> CacheBench {
    let (cache, other) = (connect(url), connect(url));
    // A cluster takes a moment to be explored, and a call does not wait for that.
    for one in [&cache, &other] {
        testkit::poll::eventually("a connection", std::time::Duration::from_secs(20), async || {
            one.check().await.ok()
        })
        .await;
    }
    CacheBench { cache, other, clock: None, keep: Box::new(keep) }
}

mod single {
    use super::*;

    async fn latches() -> Option<LocksBench> {
        let corner = RedisCorner::new()?;
        Some(locks::bench(&corner.url(), corner).await)
    }

    testkit::locks_suite!(latches());

    async fn corner() -> Option<CacheBench> {
        let corner = RedisCorner::new()?;
        Some(bench(&corner.url(), corner).await)
    }

    testkit::cache_suite!(corner());

    async fn mirror() -> Option<MirrorBench> {
        let corner = RedisCorner::new()?;
        Some(revisions::bench(&corner.url(), corner).await)
    }

    testkit::mirror_suite!(mirror());
}

/// One cluster for all its cases, each under a prefix of its own.
mod cluster {
    use super::*;

    async fn corner() -> Option<CacheBench> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let cluster = shared().await?;
        let url = format!("{}?prefix=case{}", cluster.url(), COUNT.fetch_add(1, Ordering::Relaxed));
        Some(bench(&url, cluster).await)
    }

    async fn latches() -> Option<LocksBench> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let cluster = shared().await?;
        let url = format!("{}?prefix=locks{}", cluster.url(), COUNT.fetch_add(1, Ordering::Relaxed));
        Some(locks::bench(&url, cluster).await)
    }

    testkit::locks_suite!(latches());

    async fn mirror() -> Option<MirrorBench> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let cluster = shared().await?;
        let url = format!("{}?prefix=mirror{}", cluster.url(), COUNT.fetch_add(1, Ordering::Relaxed));
        Some(revisions::bench(&url, cluster).await)
    }

    testkit::mirror_suite!(mirror());

    /// Stopped when the last case that has it is over, and started again for a later one.
    async fn shared() -> Option<Arc<RedisCluster>> {
        static SHARED: tokio::sync::Mutex<std::sync::Weak<RedisCluster>> =
            tokio::sync::Mutex::const_new(std::sync::Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let started = Arc::new(RedisCluster::start().await?);
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    testkit::cache_suite!(corner());
}

mod sentinel {
    use super::*;

    async fn corner() -> Option<CacheBench> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let group = shared().await?;
        let url = format!("{}?prefix=case{}", group.url(), COUNT.fetch_add(1, Ordering::Relaxed));
        Some(bench(&url, group).await)
    }

    async fn shared() -> Option<Arc<RedisSentinel>> {
        static SHARED: tokio::sync::Mutex<std::sync::Weak<RedisSentinel>> =
            tokio::sync::Mutex::const_new(std::sync::Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let started = Arc::new(RedisSentinel::start().await?);
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    testkit::cache_suite!(corner());
}
