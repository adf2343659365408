//! A near cache in front of a far one: what was found far away is kept here for a moment.
//!
//! Whoever changes something tells all others through a channel of the far cache. While this process does not hear
//! that channel, the near cache is neither asked nor filled, and it is emptied before it is used again.
//! **Invariant:** it knows only the port. Nothing lives longer near than far.

mod near;
mod news;
mod settings;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ports::{
    Allowance, Cache, CacheCapabilities, CacheKey, CachePattern, Count, Kind, Lookup, Quota, Random, Result,
    Stamp, Subscription,
};
use tokio::task::AbortHandle;

use crate::near::Near;
use crate::news::{News, Origin};

/// Two caches as one.
pub struct TieredCache {
    near: Arc<Near>,
    far: Arc<dyn Cache>,
    origin: Origin,
    listener: Option<AbortHandle>,
}

impl TieredCache {
    /// Puts one in front of the other. Values stay near for `keep` at most; with `None` the near cache only counts
    /// while the far one is away. To be called within the runtime that lives longest.
    ///
    /// # Errors
    /// `Unavailable` when there is no randomness.
    pub fn new(
        near: Arc<dyn Cache>,
        far: Arc<dyn Cache>,
        keep: Option<Duration>,
        random: &dyn Random,
    ) -> Result<Self> {
        let mut origin = Origin::default();
        random.fill(&mut origin)?;
        let near = Arc::new(Near::new(near, keep));
        let listening = keep.map(|_| news::listen(Arc::clone(&near), Arc::clone(&far), origin));
        let listener = listening.map(|listening| tokio::spawn(listening).abort_handle());
        Ok(Self { near, far, origin, listener })
    }

    /// The same with what the far one's URL says: `?near=off`, or `?near_ms=5000`, which is also what holds without
    /// it.
    ///
    /// # Errors
    /// `Internal` for anything else under these names.
    pub fn connect(
        url: &str,
        near: Arc<dyn Cache>,
        far: Arc<dyn Cache>,
        random: &dyn Random,
    ) -> Result<Self> {
        Self::new(near, far, settings::keep(url)?, random)
    }

    /// Tells other processes. They hear of it late or, if this fails, learn from the end of their subscription.
    async fn tell(&self, news: &News<'_>) -> Result<()> {
        if self.listener.is_none() && !self.far.capabilities().shared {
            return Ok(());
        }
        self.far.publish(news::CHANNEL, &news.encode(self.origin)).await
    }

    /// Does it far away first, so that nobody brings back from there what has just been taken away here.
    async fn change(&self, news: News<'_>, far: impl Future<Output = Result<()>>) -> Result<()> {
        let done = far.await;
        self.near.apply(&news).await;
        done?;
        self.tell(&news).await
    }
}

impl Drop for TieredCache {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

#[async_trait]
impl Cache for TieredCache {
    async fn get(&self, key: &CacheKey) -> Result<Lookup> {
        let Some(ticket) = self.near.ticket() else { return self.far.get(key).await };
        if let Some(lookup) = self.near.get(key).await {
            return Ok(lookup);
        }
        let lookup = self.far.get(key).await?;
        self.near.keep(key, &lookup, ticket).await;
        Ok(lookup)
    }

    async fn set(&self, key: &CacheKey, value: &[u8], ttl: Duration, stamp: Option<&Stamp>) -> Result<()> {
        self.change(News::Name(key.name()), self.far.set(key, value, ttl, stamp)).await
    }

    async fn delete(&self, name: &str) -> Result<()> {
        self.change(News::Name(name), self.far.delete(name)).await
    }

    async fn delete_matching(&self, pattern: &CachePattern) -> Result<()> {
        self.change(News::Matching(pattern.as_str()), self.far.delete_matching(pattern)).await
    }

    async fn invalidate(&self, tags: &[&str]) -> Result<()> {
        let done = self.far.invalidate(tags).await;
        for tag in tags {
            self.near.apply(&News::Tag(tag)).await;
        }
        done?;
        for tag in tags {
            self.tell(&News::Tag(tag)).await?;
        }
        Ok(())
    }

    /// While the far cache is away, each process counts for itself: a limit then holds per process, and what was
    /// counted meanwhile is not added up afterwards.
    async fn increment(&self, name: &str, by: u64, ttl: Duration) -> Result<Count> {
        match self.far.increment(name, by, ttl).await {
            Err(error) if error.kind() == Kind::Unavailable => self.near.count(name, by, ttl).await,
            counted => counted,
        }
    }

    /// As [`TieredCache::increment`]: while the far cache is away, a quota holds per process.
    async fn ask(&self, name: &str, quota: Quota, count: u32) -> Result<Allowance> {
        match self.far.ask(name, quota, count).await {
            Err(error) if error.kind() == Kind::Unavailable => self.near.ask(name, quota, count).await,
            answered => answered,
        }
    }

    /// Only ever far away: who may go through a door is not decided by each process for itself.
    async fn compare_and_set(
        &self,
        name: &str,
        expected: Option<&[u8]>,
        new: Option<&[u8]>,
        ttl: Duration,
    ) -> Result<bool> {
        let won = self.far.compare_and_set(name, expected, new, ttl).await?;
        if won {
            self.near.apply(&News::Name(name)).await;
            self.tell(&News::Name(name)).await?;
        }
        Ok(won)
    }

    async fn publish(&self, channel: &str, message: &[u8]) -> Result<()> {
        self.far.publish(channel, message).await
    }

    async fn subscribe(&self, channel: &str) -> Result<Box<dyn Subscription>> {
        self.far.subscribe(channel).await
    }

    async fn check(&self) -> Result<()> {
        self.far.check().await
    }

    fn capabilities(&self) -> CacheCapabilities {
        self.far.capabilities()
    }
}
