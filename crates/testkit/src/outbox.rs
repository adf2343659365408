//! The contracts of [`ports::Outbox`] and [`ports::OutboxRelay`].

pub mod relaying;

/// Runs the suite on the databases that the expression gives, a future of `Option<Bench>`:
/// `testkit::outbox_suite!(bench());`
#[macro_export]
macro_rules! outbox_suite {
    ($bench:expr) => {
        mod outbox_suite {
            use super::*;

            $crate::bench_cases!($bench; [$crate::outbox];
                relaying {
                    gives_events_oldest_first,
                    is_never_told_without_the_commit,
                    what_is_held_is_not_taken_again,
                    published_rows_are_gone,
                    what_is_given_back_is_taken_again,
                    a_late_commit_is_found,
                    two_relays_never_take_the_same_one,
                    events_of_one_subject_stay_in_order,
                    rescue_gives_back_what_a_holder_took,
                }
            );
        }
    };
}
