//! The contracts of [`ports::JobQueue`], [`ports::JobLeases`], [`ports::JobControl`], [`ports::JobQueries`] and
//! [`ports::Wakeups`].

pub mod controlling;
pub mod ending;
pub mod enqueueing;
pub mod leasing;
pub mod limiting;
pub mod listing;
pub mod waking;

use domain::{Job, JobStatus, NewJob, Reason, Trouble};
use ports::Claim;
use uuid::Uuid;

use crate::bench::Bench;
use crate::samples::at;

/// Writes jobs in one unit of work.
async fn enqueue(bench: &Bench, jobs: &[NewJob]) {
    bench
        .commit(async |tx| {
            for job in jobs {
                assert!(tx.jobs().enqueue(job).await?, "{job:?}");
            }
            Ok(())
        })
        .await;
}

/// What a worker with this number asks for, in the queue `default`.
fn claim_of(holder: u128, limit: u64, now: i64) -> Claim {
    let (holder, queue) = (Uuid::from_u128(holder), "default".to_owned());
    Claim { holder, queue, limit, now: at(now), limited: None }
}

async fn claim(bench: &Bench, holder: u128, limit: u64, now: i64) -> Vec<Job> {
    bench.leases.claim(&claim_of(holder, limit, now)).await.unwrap()
}

/// Claims the only job that is due.
async fn claim_one(bench: &Bench, holder: u128, now: i64) -> Job {
    let mut jobs = claim(bench, holder, 10, now).await;
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs.remove(0)
}

async fn read(bench: &Bench, uuid: Uuid) -> Job {
    bench.store.jobs().by_uuid(uuid).await.unwrap()
}

async fn status(bench: &Bench, uuid: Uuid) -> JobStatus {
    read(bench, uuid).await.status
}

fn failed(error: &str) -> Trouble {
    Trouble::new(Reason::Failed, error)
}

/// Runs the suite on the databases that the expression gives, a future of `Option<Bench>`:
/// `testkit::jobs_suite!(bench());`
#[macro_export]
macro_rules! jobs_suite {
    ($bench:expr) => {
        mod jobs_suite {
            use super::*;

            $crate::bench_cases!($bench; [$crate::jobs];
                enqueueing {
                    reads_back_every_field,
                    a_later_job_is_scheduled,
                    a_key_is_taken_once,
                    of_many_with_one_key_one_is_written,
                    a_key_is_free_again_after_its_time,
                    never_runs_without_the_commit,
                }
                leasing {
                    goes_by_priority_time_and_creation,
                    takes_what_is_due_from_one_queue,
                    counts_an_attempt_and_raises_the_token,
                    two_holders_never_get_the_same_one,
                    keeps_to_its_limit_under_contention,
                    progress_is_noted,
                    a_released_job_is_untried,
                    the_old_lease_is_refused_everything,
                }
                limiting {
                    a_limited_kind_is_claimed_by_itself,
                    so_many_of_a_kind_at_a_time,
                    many_holders_keep_to_the_limit,
                    so_many_of_a_kind_within_a_time,
                    a_tenant_with_many_lets_others_through,
                    jobs_of_another_day_put_off_nothing,
                }
                ending {
                    succeeds_once,
                    a_failed_one_waits_for_its_time,
                    a_dead_one_stays,
                    rescue_takes_back_what_a_holder_had,
                    rescue_leaves_what_is_to_be_kept,
                    rescue_refuses_the_fallen_holder,
                    rescue_buries_what_has_no_attempt_left,
                    purge_removes_what_ended_well,
                    tries_that_fail_are_history,
                    what_shall_stop_is_not_tried_again,
                }
                controlling {
                    a_retried_job_begins_anew,
                    what_runs_or_succeeded_is_not_retried,
                    what_waits_is_cancelled_at_once,
                    what_runs_is_told_to_stop,
                    removes_what_does_not_run,
                    unknown_ones_are_not_found,
                    many_are_retried_by_filter,
                    many_are_removed_by_filter,
                    nothing_is_claimed_from_a_queue_that_rests,
                    tells_what_is_in_queues,
                    a_retry_wakes,
                }
                listing {
                    in_every_order_by_page,
                    filters_exactly,
                    misses_are_not_found,
                }
                waking {
                    a_commit_wakes,
                    an_event_wakes,
                    a_rollback_does_not_wake,
                    none_between_two_waits_is_lost,
                    every_waiter_is_woken,
                    a_rescue_wakes,
                    waits_no_longer_than_asked,
                }
            );
        }
    };
}
