//! What the operator should know of the cache, and of locks where they are on Redis.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use cache_redis::{Address, Health, RedisCache};
use ports::Kind;
use system::OsRandom;

use crate::config::{Config, SecretUrl};

/// For connecting: Sentinels and TLS take a few round trips.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(150);

/// The cache.
pub(super) async fn look(config: &Config) -> Result<String> {
    let url = &config.cache.url;
    if url.scheme() == "memory" {
        return Ok("in each process".to_owned());
    }
    Ok(told(&health(url).await?))
}

/// Locks. One that is held must not be thrown away for want of room.
pub(super) async fn locks(config: &Config) -> Result<String> {
    let url = &config.locks.url;
    if url.scheme() == "database" {
        return Ok("in the database".to_owned());
    }
    let health = health(url).await?;
    anyhow::ensure!(health.policy == "noeviction", "the server may evict a held lock ({})", health.policy);
    Ok(format!("Redis {}, {}", health.version, health.policy))
}

async fn health(url: &SecretUrl) -> Result<Health> {
    let cache = RedisCache::connect(Address::parse(url.expose())?, Arc::new(OsRandom))?;
    let mut tries = 1..TRIES;
    loop {
        match cache.health().await {
            Err(error) if error.kind() == Kind::Unavailable && tries.next().is_some() => {
                tokio::time::sleep(PAUSE).await;
            }
            answer => return Ok(answer?),
        }
    }
}

/// A cache may forget, so that nothing of this is wrong; what must not be lost would need more of the same server.
fn told(health: &Health) -> String {
    let fsync = health.fsync.as_deref().unwrap_or("unknown");
    let keeps = health.append_only && fsync == "always" && health.policy == "noeviction";
    let file = if health.append_only {
        format!("append-only file, fsync {fsync}")
    } else {
        "no append-only file".to_owned()
    };
    let verdict = if keeps {
        "keeps what it acknowledges"
    } else {
        "fine for a cache; what only Redis acknowledges needs noeviction and an append-only file with fsync always"
    };
    format!("Redis {}, {}, {file}: {verdict}", health.version, health.policy)
}
