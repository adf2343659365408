//! Snowflakes and UUIDv7.
//!
//! Both rest on a [`Ticker`]: a number of milliseconds and a twelve-bit count in one atomic, which only grows.
//! When the wall clock is set back it goes on from its last value; when the count is used up within one
//! millisecond it borrows from the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ports::{Clock, Cluster, Error, Ids, Kind, Random, Result};
use uuid::{Builder, Uuid};

use crate::pool::RandomPool;

/// 2026-01-01T00:00:00Z in milliseconds since 1970: where snowflakes count from.
pub(crate) const EPOCH_MS: i64 = 1_767_225_600_000;
const COUNT_BITS: u32 = 12;
const NODE_BITS: u32 = 10;
/// 41 bits of milliseconds last until September 2095; the sign bit stays 0.
const LAST_MS: u64 = (1 << 41) - 1;

/// Makes ids from the clock, the node id of this process and randomness.
pub struct SnowflakeIds {
    clock: Arc<dyn Clock>,
    cluster: Arc<dyn Cluster>,
    pool: RandomPool,
    snowflakes: Ticker,
    uuids: Ticker,
}

impl SnowflakeIds {
    /// One per process: two of them would give the same snowflakes.
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>, cluster: Arc<dyn Cluster>) -> Self {
        let pool = RandomPool::new(random);
        Self { clock, cluster, pool, snowflakes: Ticker::default(), uuids: Ticker::default() }
    }

    /// Milliseconds since `epoch`; a clock before it counts as standing on it.
    fn ms_since(&self, epoch: i64) -> u64 {
        u64::try_from(self.clock.now().timestamp_millis() - epoch).unwrap_or(0)
    }
}

impl Ids for SnowflakeIds {
    /// From the top: sign bit 0, 41 bits of milliseconds, 10 bits of node id, 12 bits of count.
    fn snowflake(&self) -> Result<i64> {
        let node = u64::from(self.cluster.node()?);
        let (ms, count) = self.snowflakes.next(self.ms_since(EPOCH_MS), 0);
        if node >> NODE_BITS != 0 || ms > LAST_MS {
            let reason = "the node id or the year is beyond what 64 bits hold";
            return Err(Error::with(Kind::Internal, "make a snowflake", reason));
        }
        let id = ms << (NODE_BITS + COUNT_BITS) | node << COUNT_BITS | u64::from(count);
        i64::try_from(id).map_err(|error| Error::with(Kind::Internal, "make a snowflake", error))
    }

    /// RFC 9562, section 6.2, method 1: `rand_a` is a counter that starts at random, with its top bit free for
    /// growth, in each millisecond; `rand_b` is random in each id.
    fn uuid(&self) -> Result<Uuid> {
        let mut bytes: [u8; 10] = self.pool.take()?;
        let start = u16::from_be_bytes([bytes[0], bytes[1]]) & 0x07ff;
        let (ms, count) = self.uuids.next(self.ms_since(0), start);
        [bytes[0], bytes[1]] = count.to_be_bytes();
        Ok(Builder::from_unix_timestamp_millis(ms, &bytes).into_uuid())
    }
}

/// Milliseconds and a count that only grow together, without a lock.
#[derive(Default)]
struct Ticker(AtomicU64);

impl Ticker {
    /// The next pair: a new millisecond begins to count at `start`.
    fn next(&self, now_ms: u64, start: u16) -> (u64, u16) {
        let fresh = now_ms << COUNT_BITS | u64::from(start);
        let step = |last: u64| if last >> COUNT_BITS < now_ms { fresh } else { last + 1 };
        // Relaxed suffices: only the order of this one number matters.
        let last = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(step(last)));
        let next = step(last.unwrap_or_else(|last| last));
        (next >> COUNT_BITS, (next & 0x0fff) as u16)
    }
}
