//! [`Cache`] in the server's words.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_redis::redis::{RedisResult, Value, cmd};
use ports::{
    Allowance, Cache, CacheCapabilities, CacheKey, CachePattern, Count, Error, Hit, Kind, Lookup, Quota,
    Random, Result, Stamp, Subscription,
};

use crate::address::Address;
use crate::connection::Connection;
use crate::link::Link;
use crate::names::Names;
use crate::owed::Forget;
use crate::scripts::{self, millis};
use crate::server::Health;
use crate::subscription::RedisSubscription;

/// How long a tag's generation is known. When it is forgotten its values are, too, so it is longer than values live.
const TAGS_LIVE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The cache on Redis.
pub struct RedisCache {
    link: Link,
    random: Arc<dyn Random>,
}

type Generation = [u8; 16];

impl RedisCache {
    /// Begins to connect, in the background; a server that is away is no error. To be called within the runtime that
    /// lives longest.
    ///
    /// # Errors
    /// `Internal` when the library refuses the address.
    pub fn connect(address: Address, random: Arc<dyn Random>) -> Result<Self> {
        Ok(Self { link: Link::new(address)?, random })
    }

    /// What an operator should know of the server.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn health(&self) -> Result<Health> {
        self.link.run("cache.health", async |mut connection| Health::of(&mut connection).await).await
    }

    fn generation(&self) -> Result<Generation> {
        let mut bytes = Generation::default();
        self.random.fill(&mut bytes)?;
        Ok(bytes)
    }
}

/// What is there under these keys, and how long the first one is kept, in one round trip.
async fn read(mut connection: Connection, keys: &[String]) -> RedisResult<(Vec<Option<Bytes>>, i64)> {
    let (mut values, mut left) = (cmd("MGET"), cmd("PTTL"));
    values.arg(keys);
    left.arg(&keys[..1]);
    let mut other = connection.clone();
    let (values, left) = tokio::join!(
        values.query_async::<Vec<Option<Vec<u8>>>>(&mut connection),
        left.query_async::<i64>(&mut other)
    );
    Ok((values?.into_iter().map(|value| value.map(Bytes::from)).collect(), left?))
}

/// The generations of these tags, where one is missing with a fresh one.
async fn generations(
    connection: &Connection,
    names: &Names,
    tags: &[String],
    known: &[Option<Bytes>],
    fresh: Generation,
) -> RedisResult<Stamp> {
    let mut all = Vec::new();
    for (number, tag) in tags.iter().enumerate() {
        if let Some(Some(generation)) = known.get(number) {
            all.extend_from_slice(generation);
            continue;
        }
        let mut call = scripts::GENERATION.key(names.tag(tag));
        call.arg(&fresh[..]).arg(millis(TAGS_LIVE));
        let generation: Vec<u8> = call.invoke_async(&mut connection.clone()).await?;
        all.extend(generation);
    }
    Ok(Stamp::new(all))
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: &CacheKey) -> Result<Lookup> {
        let names = self.link.names();
        let mut keys = vec![names.entry(key.name())];
        keys.extend(key.tags().iter().map(|tag| names.tag(tag)));
        let fresh = if key.tags().is_empty() { Generation::default() } else { self.generation()? };
        let look = async |connection: Connection| {
            let (values, left) = read(connection.clone(), &keys).await?;
            let mut values = values.into_iter();
            let value = values.next().flatten();
            let known: Vec<_> = values.collect();
            let stamp = generations(&connection, names, key.tags(), &known, fresh).await?;
            Ok((value, left, stamp))
        };
        let (value, left, stamp) = self.link.run("cache.get", look).await?;
        let hit = value.and_then(|framed| {
            let (written, value) = Stamp::unframe(&framed)?;
            // Negative: it has gone since.
            let left = Duration::from_millis(u64::try_from(left).ok()?);
            (written == stamp).then_some(Hit { value, left })
        });
        Ok(Lookup { hit, stamp })
    }

    async fn set(&self, key: &CacheKey, value: &[u8], ttl: Duration, stamp: Option<&Stamp>) -> Result<()> {
        let names = self.link.names();
        let fresh = if key.tags().is_empty() { Generation::default() } else { self.generation()? };
        let write = async |mut connection: Connection| {
            let framed = match stamp {
                Some(stamp) => stamp.frame(value),
                None => generations(&connection, names, key.tags(), &[], fresh).await?.frame(value),
            };
            let mut set = cmd("SET");
            set.arg(names.entry(key.name())).arg(framed).arg("PX").arg(millis(ttl));
            set.query_async::<()>(&mut connection).await
        };
        self.link.run("cache.set", write).await
    }

    async fn delete(&self, name: &str) -> Result<()> {
        let keys = vec![self.link.names().entry(name)];
        self.link.forget("cache.delete", Forget::Keys(keys)).await
    }

    async fn delete_matching(&self, pattern: &CachePattern) -> Result<()> {
        let pattern = self.link.names().matching(pattern);
        self.link.forget("cache.delete_matching", Forget::Matching(pattern)).await
    }

    /// A tag without a generation matches no stamp, so that forgetting the generation forgets the values.
    async fn invalidate(&self, tags: &[&str]) -> Result<()> {
        let keys = tags.iter().map(|tag| self.link.names().tag(tag)).collect();
        self.link.forget("cache.invalidate", Forget::Keys(keys)).await
    }

    async fn increment(&self, name: &str, by: u64, ttl: Duration) -> Result<Count> {
        const OPERATION: &str = "cache.increment";
        let mut call = scripts::INCREMENT.key(self.link.names().entry(name));
        call.arg(by).arg(millis(ttl));
        let counted =
            self.link.run(OPERATION, async |mut connection| call.invoke_async(&mut connection).await);
        let (total, left): (String, i64) = counted.await?;
        let total = total.parse().map_err(|error| Error::with(Kind::Internal, OPERATION, error))?;
        Ok(Count { total, left: Duration::from_millis(u64::try_from(left).unwrap_or(0)) })
    }

    async fn ask(&self, name: &str, quota: Quota, count: u32) -> Result<Allowance> {
        let mut call = scripts::ASK.key(self.link.names().entry(name));
        call.arg(quota.step_micros().saturating_mul(count.into())).arg(quota.period_micros());
        let asked = async |mut connection| call.invoke_async(&mut connection).await;
        let (granted, debt): (bool, u64) = self.link.run("cache.ask", asked).await?;
        Ok(quota.allowance(granted, debt))
    }

    async fn compare_and_set(
        &self,
        name: &str,
        expected: Option<&[u8]>,
        new: Option<&[u8]>,
        ttl: Duration,
    ) -> Result<bool> {
        let mut call = scripts::COMPARE_AND_SET.key(self.link.names().entry(name));
        for value in [expected, new] {
            call.arg(u8::from(value.is_some()));
            call.arg(value.map(|value| Stamp::default().frame(value)).unwrap_or_default());
        }
        call.arg(millis(ttl));
        let swapped = async |mut connection| call.invoke_async(&mut connection).await;
        self.link.run("cache.compare_and_set", swapped).await
    }

    async fn publish(&self, channel: &str, message: &[u8]) -> Result<()> {
        let mut publish = cmd("PUBLISH");
        publish.arg(self.link.names().channel(channel)).arg(message);
        let told = async |mut connection| publish.query_async::<Value>(&mut connection).await.map(drop);
        self.link.run("cache.publish", told).await
    }

    async fn subscribe(&self, channel: &str) -> Result<Box<dyn Subscription>> {
        let channel = self.link.names().channel(channel);
        Ok(Box::new(RedisSubscription::open(self.link.address(), &channel).await?))
    }

    async fn check(&self) -> Result<()> {
        let ping = async |mut connection| cmd("PING").query_async::<Value>(&mut connection).await.map(drop);
        self.link.run("cache.check", ping).await
    }

    fn capabilities(&self) -> CacheCapabilities {
        CacheCapabilities { shared: true }
    }
}
