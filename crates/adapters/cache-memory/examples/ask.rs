//! What asking for a quota costs in memory, beside the bare map that holds the entries:
//! `cargo run --release -p mainstay-cache-memory --example ask`.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a program that prints a figure")]
#![allow(clippy::disallowed_methods, reason = "it measures")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mainstay_cache_memory::MemoryCache;
use moka::ops::compute::Op;
use ports::{Cache, Clock, Quota};

/// The machine's clock, whose reading is part of the cost.
struct Wall;

impl Clock for Wall {
    fn now(&self) -> domain::Timestamp {
        chrono::Utc::now()
    }
}

const CALLS: u32 = 1_000_000;
const NAMES: u32 = 10_000;
const ROUNDS: usize = 5;

fn names() -> Vec<String> {
    (0..NAMES).map(|number| format!("limit:secrets:203.0.{}.{}", number / 256, number % 256)).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let clock: Arc<dyn Clock> = Arc::new(Wall);
    let cache = MemoryCache::new(64 << 20, Arc::clone(&clock));
    let map = moka::sync::Cache::<String, u64>::builder().max_capacity(u64::from(NAMES) * 2).build();
    let (names, quota) = (names(), Quota { limit: 300, period: Duration::from_secs(60) });
    for round in 0..=ROUNDS {
        let begun = Instant::now();
        for name in names.iter().cycle().take(CALLS as usize) {
            black_box(cache.ask(name, quota, 1).await.expect("memory answers"));
        }
        let ours = begun.elapsed() / CALLS;
        let begun = Instant::now();
        for name in names.iter().cycle().take(CALLS as usize) {
            black_box(
                map.entry_by_ref(name)
                    .and_compute_with(|present| Op::Put(present.map_or(1, |entry| entry.into_value() + 1))),
            );
        }
        let bare = begun.elapsed() / CALLS;
        if round > 0 {
            let ratio = ours.as_secs_f64() / bare.as_secs_f64();
            println!("ask {ours:?}, the map alone {bare:?}, ratio {ratio:.2}");
        }
    }
}
