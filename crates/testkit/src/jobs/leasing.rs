//! [`ports::JobLeases::claim`] and what a worker does while it holds a lease.

use std::collections::HashSet;

use domain::{Failure, JobStatus, NewJob};
use ports::{Claim, Kind};
use serde_json::Value;
use uuid::Uuid;

use super::{claim, claim_of, claim_one, enqueue, failed, read};
use crate::bench::Bench;
use crate::samples::{at, at_millis, job};

/// "Lowest priority number first, then by time, then in order of creation."
pub async fn goes_by_priority_time_and_creation(bench: &Bench) {
    let with = |priority, run_at| NewJob { priority, run_at, ..job() };
    let jobs = [
        with(1, at(0)),
        with(0, at(2)),
        with(0, at_millis(1_500)),
        with(0, at(1)),
        with(-5, at(3)),
        with(0, at(1)),
    ];
    enqueue(bench, &jobs).await;
    let expected: Vec<i64> = [4, 3, 5, 2, 1, 0].iter().map(|index: &usize| jobs[*index].id).collect();
    let first = claim(bench, 1, 4, 10).await;
    let rest = claim(bench, 1, 4, 10).await;
    assert_eq!(first.iter().chain(&rest).map(|job| job.id).collect::<Vec<_>>(), expected);
}

/// "Jobs whose time has come", "from which queue", "jobs at most".
pub async fn takes_what_is_due_from_one_queue(bench: &Bench) {
    let elsewhere = NewJob { queue: "mail".to_owned(), ..job() };
    let due = NewJob { run_at: at(5), ..job() };
    let soon = NewJob { run_at: at_millis(5_001), ..job() };
    enqueue(bench, &[elsewhere.clone(), due.clone(), soon.clone()]).await;
    assert_eq!(claim_one(bench, 1, 5).await.id, due.id);
    assert!(claim(bench, 1, 10, 5).await.is_empty());
    let mail = Claim { queue: "mail".to_owned(), ..claim_of(1, 10, 5) };
    assert_eq!(bench.leases.claim(&mail).await.unwrap()[0].id, elsewhere.id);
    assert_eq!(claim_one(bench, 1, 6).await.id, soon.id);
    assert!(claim(bench, 1, 0, 6).await.is_empty());
}

/// "Each counts an attempt", "each time with a higher fencing token".
pub async fn counts_an_attempt_and_raises_the_token(bench: &Bench) {
    enqueue(bench, &[job()]).await;
    let mut last_token = 0;
    for attempt in 1..=3 {
        let job = claim_one(bench, 1, 100).await;
        assert_eq!((job.attempt, job.status, job.started_at), (attempt, JobStatus::Running, Some(at(100))));
        assert!(job.lease_token > last_token);
        assert_eq!(read(bench, job.uuid).await, job);
        last_token = job.lease_token;
        bench.leases.fail(&job, &failed("no"), Failure::Retry { at: at(100) }, at(100)).await.unwrap();
    }
}

/// "Two holders never get the same one": fifty jobs, ten workers at once.
pub async fn two_holders_never_get_the_same_one(bench: &Bench) {
    let jobs: Vec<NewJob> = (0..50).map(|_| job()).collect();
    enqueue(bench, &jobs).await;
    let workers = (1..=10).map(|holder| {
        let leases = bench.leases.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = leases.claim(&claim_of(holder, 3, 0)).await.unwrap();
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed.into_iter().map(|job| job.id));
            }
        })
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await.unwrap());
    }
    assert_eq!(all.len(), 50);
    assert_eq!(all.into_iter().collect::<HashSet<_>>(), jobs.iter().map(|job| job.id).collect());
}

/// "Jobs at most", also while others take theirs.
pub async fn keeps_to_its_limit_under_contention(bench: &Bench) {
    let jobs: Vec<NewJob> = (0..40).map(|_| job()).collect();
    enqueue(bench, &jobs).await;
    let workers = (1..=8).map(|holder| {
        let leases = bench.leases.clone();
        tokio::spawn(async move { leases.claim(&claim_of(holder, 5, 0)).await.unwrap().len() })
    });
    let mut total = 0;
    for worker in workers.collect::<Vec<_>>() {
        let count = worker.await.unwrap();
        assert!(count <= 5, "{count}");
        total += count;
    }
    let rest = claim(bench, 99, 100, 0).await.len();
    assert_eq!(total + rest, 40);
}

/// "Notes how far a running job is, in percent."
pub async fn progress_is_noted(bench: &Bench) {
    enqueue(bench, &[job()]).await;
    let job = claim_one(bench, 1, 0).await;
    bench.leases.progress(&job, 40).await.unwrap();
    assert_eq!(read(bench, job.uuid).await.progress, Some(40));
}

/// "Puts a claimed job back untried (its attempt is not counted)."
pub async fn a_released_job_is_untried(bench: &Bench) {
    enqueue(bench, &[job()]).await;
    let first = claim_one(bench, 1, 0).await;
    bench.leases.release(&first, at(2)).await.unwrap();
    let back = read(bench, first.uuid).await;
    assert_eq!((back.attempt, back.status), (0, JobStatus::Queued));
    let second = claim_one(bench, 2, 0).await;
    assert_eq!(second.attempt, 1);
    assert!(second.lease_token > first.lease_token);
}

/// "`Precondition` when the lease is not the caller's any more": for every write, and nothing changes.
pub async fn the_old_lease_is_refused_everything(bench: &Bench) {
    enqueue(bench, &[job()]).await;
    let old = claim_one(bench, 1, 0).await;
    bench.leases.rescue(Uuid::from_u128(1), &[], at(1)).await.unwrap();
    let new = claim_one(bench, 2, 1).await;
    let before = read(bench, old.uuid).await;
    let retry = Failure::Retry { at: at(9) };
    for refused in [
        bench.leases.succeed(&old, &Value::Null, at(2)).await,
        bench.leases.fail(&old, &failed("late"), retry, at(2)).await,
        bench.leases.fail(&old, &failed("late"), Failure::Dead, at(2)).await,
        bench.leases.progress(&old, 99).await,
        bench.leases.release(&old, at(2)).await,
    ] {
        assert_eq!(refused.unwrap_err().kind(), Kind::Precondition);
    }
    assert_eq!(read(bench, old.uuid).await, before);
    bench.leases.succeed(&new, &Value::Null, at(3)).await.unwrap();
}
