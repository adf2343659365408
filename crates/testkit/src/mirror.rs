//! The contract of [`ports::RevisionMirror`].

pub mod revisions;

use std::any::Any;
use std::sync::Arc;

use ports::RevisionMirror;

use crate::fakes::FixedClock;
use crate::poll::eventually;

/// For what is over after a mirror's memory.
const SOON: std::time::Duration = std::time::Duration::from_secs(20);

/// A mirror that nobody else uses.
pub struct MirrorBench {
    /// The mirror, which tells what it knows.
    pub mirror: Arc<dyn RevisionMirror>,
    /// The same, as another process sees it.
    pub other: Arc<dyn RevisionMirror>,
    /// The clock it goes by, where the test can own it.
    pub clock: Option<Arc<FixedClock>>,
    /// Whatever has to live as long.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl MirrorBench {
    /// Waits, or moves the clock, until the mirror's memory has passed.
    pub(crate) async fn is_over(&self, what: &str, mut over: impl AsyncFnMut() -> bool) {
        if let Some(clock) = &self.clock {
            clock.advance(self.mirror.memory());
            assert!(over().await, "{what}");
        } else {
            eventually(what, SOON, async || over().await.then_some(())).await;
        }
    }
}

/// Runs the suite on the mirrors that the expression gives, a future of `Option<MirrorBench>`:
/// `testkit::mirror_suite!(bench());`
#[macro_export]
macro_rules! mirror_suite {
    ($bench:expr) => {
        mod mirror_suite {
            use super::*;

            $crate::bench_cases!($bench; [$crate::mirror];
                revisions {
                    what_is_filled_is_told,
                    each_is_one_by_itself,
                    one_of_many_gets_the_place,
                    a_slow_reader_does_not_bring_back_what_was_raised,
                    nobody_is_told_anything_during_a_raise,
                    what_is_read_after_a_raise_is_told,
                    a_raise_of_another_stays_theirs,
                    a_raise_that_was_not_announced_counts,
                    is_over_in_time_from_the_look_on,
                    a_raise_that_nobody_ends_is_over_in_time,
                    tickets_are_never_the_same,
                }
            );
        }
    };
}
