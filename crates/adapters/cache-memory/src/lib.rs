//! The cache within one process: a bounded map, tags as generations, channels between tasks.
//!
//! **Invariant:** it holds no more bytes than it was given, however much is written. What lies in it goes with the
//! process.

mod entry;
mod url;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use moka::ops::compute::{CompResult, Op};
use moka::sync::Cache as Map;
use ports::{
    Allowance, Cache, CacheCapabilities, CacheKey, CachePattern, Clock, Count, Error, Hit, Kind, Lookup,
    Quota, Result, Stamp, Subscription,
};
use tokio::sync::broadcast;

use crate::entry::{Entry, TimeToLive};

/// Messages that a slow subscriber may be behind.
const BACKLOG: usize = 1024;
/// Tags whose generation is known; forgetting one costs misses and nothing else.
const TAGS: u64 = 200_000;

/// A cache of this process.
pub struct MemoryCache {
    entries: Map<String, Entry>,
    /// Generation by tag. A tag without one matches no stamp, so that forgetting it forgets its values.
    tags: Map<String, u64>,
    generations: AtomicU64,
    channels: Mutex<HashMap<String, broadcast::Sender<Bytes>>>,
    clock: Arc<dyn Clock>,
}

impl MemoryCache {
    /// A cache that holds so many bytes of names and values at most.
    pub fn new(max_bytes: u64, clock: Arc<dyn Clock>) -> Self {
        let entries = Map::builder()
            .max_capacity(max_bytes)
            .weigher(|name: &String, entry: &Entry| entry.weight(name))
            .expire_after(TimeToLive)
            .build();
        let tags = Map::builder().max_capacity(TAGS).build();
        Self { entries, tags, generations: AtomicU64::new(0), channels: Mutex::default(), clock }
    }

    /// From `memory://?max_mb=64`, which is also what holds without the parameter.
    ///
    /// # Errors
    /// `Internal` for parameters that are unknown or no numbers.
    pub fn connect(url: &str, clock: Arc<dyn Clock>) -> Result<Self> {
        Ok(Self::new(url::max_bytes(url)?, clock))
    }

    /// An entry whose time is not over: by the clock that tests own; the map itself forgets by a monotonic one.
    fn live(&self, name: &str) -> Option<Entry> {
        self.entries.get(name).filter(|entry| entry.ends_at > self.clock.now())
    }

    fn entry(&self, value: Bytes, ttl: Duration) -> Entry {
        Entry { value, ttl, ends_at: self.clock.now() + ttl }
    }

    fn left(&self, entry: &Entry) -> Duration {
        (entry.ends_at - self.clock.now()).to_std().unwrap_or_default()
    }

    /// How the tags stand. Each gets a generation that no other tag has, or ever had.
    fn stamp(&self, key: &CacheKey) -> Stamp {
        let fresh = || self.generations.fetch_add(1, Ordering::SeqCst);
        let generations = key.tags().iter().map(|tag| self.tags.get_with_by_ref(tag, fresh).to_be_bytes());
        Stamp::new(generations.flatten().collect::<Vec<u8>>())
    }

    fn channels(&self) -> std::sync::MutexGuard<'_, HashMap<String, broadcast::Sender<Bytes>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &CacheKey) -> Result<Lookup> {
        let stamp = self.stamp(key);
        let hit = self.live(key.name()).and_then(|entry| {
            let (written, value) = Stamp::unframe(&entry.value)?;
            (written == stamp).then(|| Hit { value, left: self.left(&entry) })
        });
        Ok(Lookup { hit, stamp })
    }

    async fn set(&self, key: &CacheKey, value: &[u8], ttl: Duration, stamp: Option<&Stamp>) -> Result<()> {
        let framed = match stamp {
            Some(stamp) => stamp.frame(value),
            None => self.stamp(key).frame(value),
        };
        self.entries.insert(key.name().to_owned(), self.entry(framed.into(), ttl));
        Ok(())
    }

    async fn delete(&self, name: &str) -> Result<()> {
        self.entries.invalidate(name);
        Ok(())
    }

    async fn delete_matching(&self, pattern: &CachePattern) -> Result<()> {
        for (name, _) in &self.entries {
            if pattern.matches(&name) {
                self.entries.invalidate(name.as_str());
            }
        }
        Ok(())
    }

    async fn invalidate(&self, tags: &[&str]) -> Result<()> {
        for tag in tags {
            self.tags.invalidate(*tag);
        }
        Ok(())
    }

    async fn increment(&self, name: &str, by: u64, ttl: Duration) -> Result<Count> {
        let now = self.clock.now();
        let counted = self.entries.entry_by_ref(name).and_try_compute_with(|present| {
            let present = present.map(moka::Entry::into_value).filter(|entry| entry.ends_at > now);
            let Some(mut entry) = present else {
                return Ok(Op::Put(self.entry(by.to_string().into(), ttl)));
            };
            let total = entry.number().ok_or_else(|| Error::new(Kind::Conflict, "cache.increment"))?;
            entry.value = total.saturating_add(by).to_string().into();
            entry.ttl = self.left(&entry);
            Ok(Op::Put(entry))
        })?;
        match counted {
            CompResult::Inserted(entry) | CompResult::ReplacedWith(entry) => {
                let entry = entry.into_value();
                Ok(Count { total: entry.number().unwrap_or_default(), left: self.left(&entry) })
            }
            _ => Err(Error::new(Kind::Internal, "cache.increment")),
        }
    }

    async fn ask(&self, name: &str, quota: Quota, count: u32) -> Result<Allowance> {
        let now = self.clock.now();
        let mut answer = None;
        self.entries.entry_by_ref(name).and_try_compute_with(|present| {
            let present = present.map(moka::Entry::into_value).filter(|entry| entry.ends_at > now);
            let debt = match present {
                Some(entry) if !entry.is_debt() => return Err(Error::new(Kind::Conflict, "cache.ask")),
                // Owed until then, to the microsecond.
                Some(entry) => (entry.ends_at - now).num_microseconds().unwrap_or(i64::MAX).unsigned_abs(),
                None => 0,
            };
            let (granted, debt) = quota.ask(debt, count);
            answer = Some(quota.allowance(granted, debt));
            if !granted || count == 0 {
                return Ok(Op::Nop);
            }
            Ok(Op::Put(self.entry(Entry::DEBT, Duration::from_micros(debt))))
        })?;
        answer.ok_or_else(|| Error::new(Kind::Internal, "cache.ask"))
    }

    async fn compare_and_set(
        &self,
        name: &str,
        expected: Option<&[u8]>,
        new: Option<&[u8]>,
        ttl: Duration,
    ) -> Result<bool> {
        let now = self.clock.now();
        let mut won = false;
        self.entries.entry_by_ref(name).and_compute_with(|present| {
            let present = present.map(moka::Entry::into_value).filter(|entry| entry.ends_at > now);
            let expected = expected.map(|value| Bytes::from(Stamp::default().frame(value)));
            won = present.map(|entry| entry.value) == expected;
            match new {
                _ if !won => Op::Nop,
                None => Op::Remove,
                Some(value) => Op::Put(self.entry(Stamp::default().frame(value).into(), ttl)),
            }
        });
        Ok(won)
    }

    async fn publish(&self, channel: &str, message: &[u8]) -> Result<()> {
        let mut channels = self.channels();
        if let Some(sender) = channels.get(channel)
            && sender.send(Bytes::copy_from_slice(message)).is_err()
        {
            // Nobody listens any more.
            channels.remove(channel);
        }
        Ok(())
    }

    async fn subscribe(&self, channel: &str) -> Result<Box<dyn Subscription>> {
        let mut channels = self.channels();
        let sender = channels.entry(channel.to_owned()).or_insert_with(|| broadcast::channel(BACKLOG).0);
        Ok(Box::new(Listener(sender.subscribe())))
    }

    async fn check(&self) -> Result<()> {
        Ok(())
    }

    fn capabilities(&self) -> CacheCapabilities {
        CacheCapabilities { shared: false }
    }
}

struct Listener(broadcast::Receiver<Bytes>);

#[async_trait]
impl Subscription for Listener {
    /// Ends when it falls too far behind, or when the cache is gone.
    async fn next(&mut self) -> Result<Bytes> {
        self.0.recv().await.map_err(|error| Error::with(Kind::Unavailable, "cache.listen", error))
    }
}
