//! Values that are kept for a while instead of being read at their source each time.
//!
//! [`Cached::get_or_load`] is the way in. While the cache is away it reads at the source, still at most once at a time
//! per process and key. It must not know what the values mean, and must not be the only reason to let somebody in.

mod early;
mod flights;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use ports::{Cache, CacheKey, Chain, Clock, Error, Kind, Lookup, Random, Stamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use flights::{Flights, Landing, Role};

/// The cache as use cases see it. Cheap to clone; clones share what is being loaded.
#[derive(Clone)]
pub(crate) struct Cached {
    cache: Arc<dyn Cache>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    flights: Arc<Flights>,
}

/// How long a value lives, and which ones are worth keeping.
pub(crate) struct Policy<T> {
    pub(crate) ttl: Duration,
    pub(crate) worth: fn(&T) -> bool,
}

/// A value as it lies in the cache.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    value: T,
    /// Milliseconds that reading it at its source took.
    cost: u64,
}

impl Cached {
    pub(crate) fn new(cache: Arc<dyn Cache>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { cache, clock, random, flights: Arc::default() }
    }

    /// The cached value, or the loaded one, which is then kept. Callers who miss at the same time share one load, its
    /// failure included; a failure is not kept. A caller that is dropped or panics while it loads makes way for the
    /// next. Shortly before a value's end one caller loads it anew while the others take what there is.
    ///
    /// # Errors
    /// Those of `load`. Never one of the cache.
    pub(crate) async fn get_or_load<T: Serialize + DeserializeOwned>(
        &self,
        key: &CacheKey,
        policy: &Policy<T>,
        load: impl AsyncFnOnce() -> ports::Result<T>,
    ) -> ports::Result<T> {
        let (present, stamp) = self.look(key).await;
        if let Some((kept, left)) = present {
            if !early::is_due(kept.cost, left, self.random.as_ref()) {
                return Ok(kept.value);
            }
            // Somebody else is at it already.
            let Role::Lead(duty) = self.flights.join(key.name()) else { return Ok(kept.value) };
            return match self.fill(key, policy, stamp, load).await {
                Ok((value, bytes)) => {
                    duty.land(Landing::Loaded(bytes));
                    Ok(value)
                }
                Err(error) => {
                    tracing::debug!(error = %Chain(&error), "a value could not be refreshed early");
                    Ok(kept.value)
                }
            };
        }
        loop {
            match self.flights.join(key.name()) {
                Role::Lead(duty) => {
                    let filled = self.fill(key, policy, stamp, load).await;
                    duty.land(match &filled {
                        Ok((_, bytes)) => Landing::Loaded(bytes.clone()),
                        Err(error) => Landing::Failed(error.kind(), error.operation()),
                    });
                    return filled.map(|(value, _)| value);
                }
                Role::Follow(mut flight) => match flight.landed().await {
                    Some(Landing::Loaded(bytes)) => return read(&bytes).map(|kept: Kept<T>| kept.value),
                    Some(Landing::Failed(kind, operation)) => return Err(Error::new(kind, operation)),
                    None => {}
                },
            }
        }
    }

    /// Forgets all values with this tag. To be called after the commit; what fails here is made good by the cache
    /// itself (see [`Cache::invalidate`]), and nobody waits for it.
    pub(crate) async fn invalidate(&self, tag: &str) {
        // Loads under way may have read what is no more: whoever comes now does not join them.
        self.flights.leave_behind();
        if let Err(error) = self.cache.invalidate(&[tag]).await {
            tracing::debug!(error = %Chain(&error), "an invalidation is owed");
        }
    }

    async fn look<T: DeserializeOwned>(
        &self,
        key: &CacheKey,
    ) -> (Option<(Kept<T>, Duration)>, Option<Stamp>) {
        match self.cache.get(key).await {
            Ok(Lookup { hit, stamp }) => {
                // What an older or newer release wrote may not be readable: loaded again, and replaced.
                let present = hit.and_then(|hit| Some((read(&hit.value).ok()?, hit.left)));
                (present, Some(stamp))
            }
            Err(error) => {
                tracing::debug!(error = %Chain(&error), "reading at the source: the cache is away");
                (None, None)
            }
        }
    }

    async fn fill<T: Serialize>(
        &self,
        key: &CacheKey,
        policy: &Policy<T>,
        stamp: Option<Stamp>,
        load: impl AsyncFnOnce() -> ports::Result<T>,
    ) -> ports::Result<(T, Arc<[u8]>)> {
        let begun = self.clock.now();
        let value = load().await?;
        let cost = u64::try_from((self.clock.now() - begun).num_milliseconds()).unwrap_or(0);
        let written = serde_json::to_vec(&Kept { value: &value, cost });
        let bytes: Arc<[u8]> =
            written.map_err(|error| Error::with(Kind::Internal, "cache a value", error))?.into();
        // Without a stamp nobody knows what was invalidated while it was read.
        if let Some(stamp) = stamp
            && (policy.worth)(&value)
            && let Err(error) = self.cache.set(key, &bytes, policy.ttl, Some(&stamp)).await
        {
            tracing::debug!(error = %Chain(&error), "a value could not be kept");
        }
        Ok((value, bytes))
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> ports::Result<Kept<T>> {
    serde_json::from_slice(bytes).map_err(|error| Error::with(Kind::Internal, "read a cached value", error))
}
