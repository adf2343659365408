//! One entry: its value, its end, and what it weighs.

use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::Timestamp;
use moka::Expiry;

/// Rough size of an entry's own bookkeeping.
const OVERHEAD: usize = 120;

#[derive(Clone)]
pub(crate) struct Entry {
    /// A framed value, or a counter in decimal digits or [`Entry::DEBT`], which no frame begins with.
    pub(crate) value: Bytes,
    /// From the last write on.
    pub(crate) ttl: Duration,
    pub(crate) ends_at: Timestamp,
}

impl Entry {
    pub(crate) fn weight(&self, name: &str) -> u32 {
        u32::try_from(OVERHEAD + name.len() + self.value.len()).unwrap_or(u32::MAX)
    }

    /// Something has been asked for under a quota, and is paid back when the entry ends.
    pub(crate) const DEBT: Bytes = Bytes::from_static(b"debt");

    pub(crate) fn is_debt(&self) -> bool {
        self.value == Self::DEBT
    }

    /// The counter's total, if it is one.
    pub(crate) fn number(&self) -> Option<u64> {
        std::str::from_utf8(&self.value).ok()?.parse().ok()
    }
}

/// Each entry has its own.
pub(crate) struct TimeToLive;

impl Expiry<String, Entry> for TimeToLive {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(
        &self,
        _: &String,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.ttl)
    }
}
