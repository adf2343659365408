//! The near side: what is kept, and when it may be asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ports::{Allowance, Cache, CacheKey, CachePattern, Count, Hit, Lookup, Quota, Result, Stamp};

use crate::news::News;

/// Values lie here with the far cache's stamp in front, which a refresh has to hand back. A failing near cache is
/// taken for an empty one.
pub(crate) struct Near {
    cache: Arc<dyn Cache>,
    keep: Option<Duration>,
    /// Odd while the channel is heard; grows with everything that is taken away.
    epoch: AtomicU64,
}

/// When a look began. What was taken away since makes what it found worthless.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// The near keys of counters, which must not meet values.
fn counter(name: &str) -> String {
    format!("count:{name}")
}

/// Its tags are the far one's business too, but dropping them here is faster than asking there.
fn value(key: &CacheKey) -> CacheKey {
    key.tags().iter().fold(CacheKey::new(format!("value:{}", key.name())), CacheKey::tagged)
}

impl Near {
    pub(crate) fn new(cache: Arc<dyn Cache>, keep: Option<Duration>) -> Self {
        Self { cache, keep, epoch: AtomicU64::new(0) }
    }

    /// `None` while the near cache must not be used.
    pub(crate) fn ticket(&self) -> Option<Ticket> {
        let epoch = self.epoch.load(Ordering::SeqCst);
        (epoch % 2 == 1).then_some(Ticket(epoch))
    }

    pub(crate) async fn get(&self, key: &CacheKey) -> Option<Lookup> {
        let hit = self.cache.get(&value(key)).await.ok()?.hit?;
        let (stamp, value) = Stamp::unframe(&hit.value)?;
        Some(Lookup { hit: Some(Hit { value, left: hit.left }), stamp })
    }

    /// Keeps what was found far away, unless anything has been taken away since.
    pub(crate) async fn keep(&self, key: &CacheKey, lookup: &Lookup, ticket: Ticket) {
        let (Some(hit), Some(keep)) = (&lookup.hit, self.keep) else { return };
        let framed = lookup.stamp.frame(&hit.value);
        let key = value(key);
        // In this order: whoever takes something away first moves the epoch on, then deletes.
        let kept = self.cache.set(&key, &framed, keep.min(hit.left), None).await;
        if kept.is_ok() && self.ticket() != Some(ticket) {
            let _ = self.cache.delete(key.name()).await;
        }
    }

    /// Takes away what has changed.
    pub(crate) async fn apply(&self, news: &News<'_>) {
        self.epoch.fetch_add(2, Ordering::SeqCst);
        let _ = match news {
            News::Name(name) => {
                let _ = self.cache.delete(&counter(name)).await;
                self.cache.delete(&format!("value:{name}")).await
            }
            News::Tag(tag) => self.cache.invalidate(&[tag]).await,
            News::Matching(pattern) => {
                let _ = self.cache.delete_matching(&CachePattern::new(counter(pattern))).await;
                self.cache.delete_matching(&CachePattern::new(format!("value:{pattern}"))).await
            }
        };
    }

    pub(crate) async fn count(&self, name: &str, by: u64, ttl: Duration) -> Result<Count> {
        self.cache.increment(&counter(name), by, ttl).await
    }

    pub(crate) async fn ask(&self, name: &str, quota: Quota, count: u32) -> Result<Allowance> {
        self.cache.ask(&counter(name), quota, count).await
    }

    /// The channel is heard from now on. What lies here is from a time before that.
    pub(crate) async fn open(&self) {
        self.empty().await;
        self.epoch.fetch_or(1, Ordering::SeqCst);
    }

    /// The channel is not heard any more.
    pub(crate) async fn close(&self) {
        // To the next even number: looks under way keep nothing.
        let _ = self.epoch.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |epoch| Some((epoch | 1) + 1));
        self.empty().await;
    }

    async fn empty(&self) {
        let _ = self.cache.delete_matching(&CachePattern::new("value:*")).await;
    }
}
