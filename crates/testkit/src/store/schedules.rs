//! [`ports::ScheduleQueries`] and [`ports::ScheduleRepo`].

use domain::ScheduleState;
use ports::Kind;
use uuid::Uuid;

use crate::bench::Bench;
use crate::samples::{at, uuid};

const NIGHTLY: &str = "nightly";

async fn note(bench: &Bench, name: &str, since: i64) {
    bench.commit(async |tx| tx.schedules().note(name, at(since)).await).await;
}

async fn take(bench: &Bench, tick: i64, job: Uuid) -> bool {
    bench.commit(async |tx| tx.schedules().take(NIGHTLY, at(tick), job).await).await
}

async fn all(bench: &Bench) -> Vec<ScheduleState> {
    bench.store.schedules().all().await.unwrap()
}

fn state(name: &str, last_tick: i64) -> ScheduleState {
    ScheduleState { name: name.to_owned(), last_tick: at(last_tick), last_job: None, paused_at: None }
}

/// "One that is known stays as it is." "All that were ever noted, by name."
pub async fn are_noted_once(bench: &Bench) {
    assert!(all(bench).await.is_empty());
    note(bench, NIGHTLY, 10).await;
    note(bench, "hourly", 20).await;
    note(bench, NIGHTLY, 30).await;
    assert_eq!(all(bench).await, [state("hourly", 20), state(NIGHTLY, 10)]);
}

/// "False when it is not later than the last one … and for one that was never noted."
pub async fn a_time_is_taken_once(bench: &Bench) {
    assert!(!take(bench, 100, uuid()).await, "it was never noted");
    note(bench, NIGHTLY, 10).await;
    assert!(!take(bench, 10, uuid()).await);
    let job = uuid();
    assert!(take(bench, 20, job).await);
    assert!(!take(bench, 20, uuid()).await && !take(bench, 15, uuid()).await);
    assert_eq!(all(bench).await, [ScheduleState { last_job: Some(job), ..state(NIGHTLY, 20) }]);
}

/// "True for one of all who try it, whichever process they are in."
pub async fn of_many_one_takes_it(bench: &Bench) {
    note(bench, NIGHTLY, 10).await;
    let tries = (0..8).map(|_| {
        let (store, job) = (bench.store.clone(), uuid());
        tokio::spawn(async move {
            let tx = store.begin().await?;
            let taken = tx.schedules().take(NIGHTLY, at(20), job).await?;
            tx.commit().await?;
            Ok::<_, ports::Error>(taken.then_some(job))
        })
    });
    let outcomes = futures_util::future::join_all(tries.collect::<Vec<_>>()).await;
    let mut winners = outcomes.into_iter().filter_map(|outcome| match outcome.unwrap() {
        Ok(taken) => taken,
        // Who meets another there may have to do it again.
        Err(error) => {
            assert!(error.is_contended(), "{error}");
            None
        }
    });
    let winner = winners.next();
    assert!(winner.is_some() && winners.next().is_none(), "one, and no more");
    assert_eq!(all(bench).await[0].last_job, winner);
}

/// What is rolled back takes nothing.
pub async fn a_time_that_was_not_committed_is_free(bench: &Bench) {
    note(bench, NIGHTLY, 10).await;
    let tx = bench.begin().await;
    assert!(tx.schedules().take(NIGHTLY, at(20), uuid()).await.unwrap());
    drop(tx);
    assert!(take(bench, 20, uuid()).await);
}

/// "False … while the schedule is paused." "Its times count from `since` on, whether or not it rested."
pub async fn a_paused_one_rests(bench: &Bench) {
    note(bench, NIGHTLY, 10).await;
    bench.commit(async |tx| tx.schedules().pause(NIGHTLY, at(12)).await).await;
    bench.commit(async |tx| tx.schedules().pause(NIGHTLY, at(14)).await).await;
    assert_eq!(all(bench).await, [ScheduleState { paused_at: Some(at(12)), ..state(NIGHTLY, 10) }]);
    assert!(!take(bench, 20, uuid()).await);
    bench.commit(async |tx| tx.schedules().resume(NIGHTLY, at(25)).await).await;
    assert_eq!(all(bench).await, [state(NIGHTLY, 25)]);
    assert!(!take(bench, 25, uuid()).await && take(bench, 26, uuid()).await);
    bench.commit(async |tx| tx.schedules().resume(NIGHTLY, at(5)).await).await;
    assert_eq!(all(bench).await[0].last_tick, at(5), "a clock that was wrong is put right");
}

/// "Notes the job that somebody caused by hand. No time is taken by it."
pub async fn a_run_by_hand_takes_no_time(bench: &Bench) {
    note(bench, NIGHTLY, 10).await;
    let job = uuid();
    bench.commit(async |tx| tx.schedules().ran(NIGHTLY, job).await).await;
    assert_eq!(all(bench).await, [ScheduleState { last_job: Some(job), ..state(NIGHTLY, 10) }]);
}

/// "`NotFound` for one that was never noted."
pub async fn unknown_ones_are_not_found(bench: &Bench) {
    let pause = bench.refused(async |tx| tx.schedules().pause(NIGHTLY, at(1)).await).await;
    let resume = bench.refused(async |tx| tx.schedules().resume(NIGHTLY, at(1)).await).await;
    let ran = bench.refused(async |tx| tx.schedules().ran(NIGHTLY, uuid()).await).await;
    assert_eq!([pause, resume, ran], [Kind::NotFound; 3]);
}
