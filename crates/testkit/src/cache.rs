//! The contract of [`ports::Cache`].

pub mod channels;
pub mod counters;
pub mod patterns;
pub mod quotas;
pub mod swapping;
pub mod tags;
pub mod values;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ports::{Cache, CacheKey};

use crate::fakes::FixedClock;
use crate::poll::eventually;

/// Long enough for no test to see its end.
pub(crate) const LONG: Duration = Duration::from_secs(600);
/// For what a server or another process does at once.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A cache that nobody else uses.
pub struct CacheBench {
    /// The cache.
    pub cache: Arc<dyn Cache>,
    /// The same cache as another process sees it; where it is not shared, the same handle again.
    pub other: Arc<dyn Cache>,
    /// The clock it goes by, where the test can own it.
    pub clock: Option<Arc<FixedClock>>,
    /// Whatever has to live as long.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl CacheBench {
    /// A time to live that ends within the test.
    pub(crate) fn brief(&self) -> Duration {
        if self.clock.is_some() { Duration::from_secs(30) } else { Duration::from_millis(150) }
    }

    /// Waits, or moves the clock, until something that was to live for [`CacheBench::brief`] is over.
    pub(crate) async fn is_over(&self, what: &str, mut over: impl AsyncFnMut() -> bool) {
        if let Some(clock) = &self.clock {
            clock.advance(self.brief());
            assert!(over().await, "{what}");
        } else {
            eventually(what, SOON, async || over().await.then_some(())).await;
        }
    }
}

pub(crate) fn key(name: &str) -> CacheKey {
    CacheKey::new(name)
}

pub(crate) async fn set(cache: &dyn Cache, key: &CacheKey, value: &str) {
    cache.set(key, value.as_bytes(), LONG, None).await.unwrap();
}

pub(crate) async fn found(cache: &dyn Cache, key: &CacheKey) -> Option<Bytes> {
    cache.get(key).await.unwrap().hit.map(|hit| hit.value)
}

/// Runs the suite on the caches that the expression gives, a future of `Option<CacheBench>`:
/// `testkit::cache_suite!(bench());`
#[macro_export]
macro_rules! cache_suite {
    ($bench:expr) => {
        mod cache_suite {
            use super::*;

            $crate::bench_cases!($bench; [$crate::cache];
                values {
                    finds_what_was_set,
                    finds_nothing_else,
                    the_last_one_stays,
                    any_bytes_are_a_value,
                    says_how_long_it_is_kept,
                    is_over_in_time,
                    forgets_what_is_deleted,
                    deleting_what_is_missing_succeeds,
                    another_process_sees_it_where_it_is_shared,
                    answers_when_asked_for_its_health,
                }
                tags {
                    each_of_its_tags_takes_a_value_away,
                    other_values_stay,
                    a_slow_reader_does_not_bring_back_what_was_invalidated,
                    what_was_read_after_the_invalidation_is_found,
                    a_hit_gives_a_stamp_to_refresh_with,
                    a_stale_stamp_of_a_hit_stays_stale,
                    whoever_names_other_tags_finds_nothing,
                    invalidating_what_nobody_tagged_succeeds,
                    another_process_invalidates_too,
                }
                patterns {
                    a_star_stands_for_anything,
                    everything_else_stands_for_itself,
                    takes_thousands,
                    counters_go_too,
                }
                counters {
                    all_concurrent_ones_count,
                    the_first_one_sets_the_end,
                    starts_again_at_zero,
                    a_deleted_one_starts_again,
                    large_steps_count,
                    refuses_a_value_that_is_no_number,
                    a_value_written_over_it_stays_a_value,
                }
                quotas {
                    so_many_are_granted_and_then_none,
                    one_can_look_and_ask_for_several,
                    concurrent_calls_share_it,
                    comes_back_in_time,
                    a_deleted_one_is_full,
                    is_no_value_and_no_counter,
                }
                swapping {
                    one_of_many_wins,
                    replaces_what_was_expected,
                    refuses_anything_else,
                    takes_away_what_was_expected,
                    is_over_in_time,
                    a_tagged_value_never_equals,
                }
                channels {
                    messages_arrive_in_order,
                    other_channels_stay_silent,
                    every_subscriber_gets_them,
                    giving_up_waiting_loses_none,
                    publishing_to_nobody_succeeds,
                }
            );
        }
    };
}
