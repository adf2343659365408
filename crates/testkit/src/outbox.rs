//! The contracts of [`ports::Outbox`], [`ports::OutboxRelay`], [`ports::OutboxQueries`] and [`ports::Inbox`].

pub mod accepting;
pub mod failing;
pub mod relaying;
pub mod sharing;
pub mod storm;

use domain::Timestamp;
use ports::{OutboxRow, Partition};
use uuid::Uuid;

use crate::bench::Bench;
use crate::samples::{at, event, id};

const RELAY: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);
const ALL: u64 = 1000;

/// Writes one event per subject and commits; their ids.
async fn append(bench: &Bench, subjects: &[&str]) -> Vec<i64> {
    bench
        .commit(async |tx| {
            let mut ids = Vec::new();
            for subject in subjects {
                ids.push(id());
                tx.outbox().append(ids[ids.len() - 1], &event(subject)).await?;
            }
            Ok(ids)
        })
        .await
}

async fn share(bench: &Bench, holder: Uuid) -> Vec<Partition> {
    bench.relay.share(holder).await.unwrap()
}

async fn rows(bench: &Bench, mine: &[Partition], now: Timestamp) -> Vec<OutboxRow> {
    bench.relay.take(mine, ALL, now).await.unwrap()
}

/// Ids of what may be published at `at(0)`.
async fn take(bench: &Bench, mine: &[Partition]) -> Vec<i64> {
    rows(bench, mine, at(0)).await.into_iter().map(|row| row.id).collect()
}

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
                    gives_what_is_asked_for_until_it_is_settled,
                    published_rows_are_gone,
                    a_late_commit_is_found,
                    tells_how_much_waits,
                }
                sharing {
                    the_first_relay_has_everything,
                    relays_come_and_go,
                    a_share_is_never_two_relays,
                    nothing_is_done_under_an_old_token,
                    a_subject_stays_in_its_partition,
                }
                failing {
                    an_event_that_waits_holds_up_its_subject_and_no_other,
                    only_a_refusal_counts,
                    a_dead_letter_holds_up_nobody,
                    a_dead_letter_can_be_revived_once,
                    a_dead_letter_can_be_discarded,
                    old_dead_letters_are_purged,
                    dead_letters_are_listed_by_pages,
                }
                accepting {
                    once_per_consumer_and_event,
                    without_the_commit_it_was_not_accepted,
                    of_two_at_once_one_is_first,
                    old_ones_are_forgotten_unless_they_may_come_again,
                }
                storm {
                    relays_that_fail_pause_and_fall_lose_nothing,
                }
            );
        }
    };
}
