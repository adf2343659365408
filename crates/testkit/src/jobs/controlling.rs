//! [`ports::JobControl`].

use std::time::Duration;

use domain::{Failure, JobStatus, NewJob, Reason};
use ports::{Claim, JobFilter, Kind, QueueState};
use serde_json::Value;
use uuid::Uuid;

use super::{claim, claim_of, claim_one, enqueue, failed, read, status};
use crate::bench::Bench;
use crate::poll::promptly;
use crate::samples::{at, job, uuid};

async fn retry(bench: &Bench, job: Uuid, now: i64) -> bool {
    bench.commit(async |tx| tx.job_control().retry(job, at(now)).await).await
}

async fn cancel(bench: &Bench, job: Uuid, now: i64) -> bool {
    bench.commit(async |tx| tx.job_control().cancel(job, at(now)).await).await
}

async fn remove(bench: &Bench, job: Uuid) -> bool {
    bench.commit(async |tx| tx.job_control().remove(job).await).await
}

async fn bury(bench: &Bench, holder: u128, now: i64) -> Uuid {
    let job = claim_one(bench, holder, now).await;
    bench.leases.fail(&job, &failed("broken"), Failure::Dead, at(now)).await.unwrap();
    job.uuid
}

/// "Lets a job run at once, with all its tries before it"; "its history stays".
pub async fn a_retried_job_begins_anew(bench: &Bench) {
    let later = NewJob { run_at: at(100), ..job() };
    enqueue(bench, std::slice::from_ref(&later)).await;
    assert!(retry(bench, later.uuid, 1).await, "one that waits");
    let first = claim_one(bench, 1, 1).await;
    bench.leases.fail(&first, &failed("no"), Failure::Retry { at: at(100) }, at(2)).await.unwrap();
    assert!(retry(bench, later.uuid, 3).await, "one that failed");
    assert_eq!(bury(bench, 1, 3).await, later.uuid);
    assert!(retry(bench, later.uuid, 5).await, "one that is dead");
    let anew = read(bench, later.uuid).await;
    assert_eq!((anew.status, anew.attempt, anew.run_at), (JobStatus::Queued, 0, at(5)));
    assert_eq!((anew.finished_at, anew.last_reason), (None, Some(Reason::Failed)));
    assert!(cancel(bench, later.uuid, 6).await);
    assert!(retry(bench, later.uuid, 7).await, "one that is cancelled");
    let last = claim_one(bench, 1, 7).await;
    assert_eq!(last.attempt, 1);
    assert!(last.lease_token > first.lease_token);
    assert_eq!(bench.store.jobs().attempts(later.uuid).await.unwrap().len(), 2);
}

/// "False when it runs or has succeeded, and then nothing changes."
pub async fn what_runs_or_succeeded_is_not_retried(bench: &Bench) {
    enqueue(bench, &[job()]).await;
    let job = claim_one(bench, 1, 0).await;
    assert!(!retry(bench, job.uuid, 1).await);
    assert_eq!(read(bench, job.uuid).await, job);
    bench.leases.succeed(&job, &Value::Null, at(2)).await.unwrap();
    assert!(!retry(bench, job.uuid, 3).await);
    assert_eq!(status(bench, job.uuid).await, JobStatus::Succeeded);
}

/// "One that waits at once", "false when it has ended".
pub async fn what_waits_is_cancelled_at_once(bench: &Bench) {
    let (queued, scheduled) = (job(), NewJob { run_at: at(50), ..job() });
    enqueue(bench, &[queued.clone(), scheduled.clone()]).await;
    for job in [&queued, &scheduled] {
        assert!(cancel(bench, job.uuid, 1).await);
        let over = read(bench, job.uuid).await;
        assert_eq!((over.status, over.finished_at), (JobStatus::Cancelled, Some(at(1))));
        assert!(!cancel(bench, job.uuid, 2).await);
        assert_eq!(read(bench, job.uuid).await, over);
    }
    assert!(claim(bench, 1, 10, 100).await.is_empty());
}

/// "For one that runs it notes that it shall stop": its holder is told, nobody else; it may still succeed.
pub async fn what_runs_is_told_to_stop(bench: &Bench) {
    enqueue(bench, &[job(), job()]).await;
    let (mine, other) = (claim(bench, 1, 1, 0).await.remove(0), claim_one(bench, 2, 0).await);
    let holder = Uuid::from_u128(1);
    assert!(bench.leases.to_stop(holder).await.unwrap().is_empty());
    assert!(cancel(bench, mine.uuid, 1).await);
    assert_eq!(read(bench, mine.uuid).await.cancel_requested_at, Some(at(1)));
    assert_eq!(bench.leases.to_stop(holder).await.unwrap(), [mine.id]);
    assert!(bench.leases.to_stop(Uuid::from_u128(2)).await.unwrap().is_empty());
    bench.leases.succeed(&mine, &Value::Null, at(2)).await.unwrap();
    assert_eq!(status(bench, mine.uuid).await, JobStatus::Succeeded);
    assert!(bench.leases.to_stop(holder).await.unwrap().is_empty());
    assert_eq!(status(bench, other.uuid).await, JobStatus::Running);
}

/// "Removes a job with its history. False when it runs."
pub async fn removes_what_does_not_run(bench: &Bench) {
    let (dead, waiting) = (job(), NewJob { run_at: at(50), ..job() });
    enqueue(bench, &[dead.clone(), waiting.clone()]).await;
    let running = claim_one(bench, 1, 0).await;
    assert!(!remove(bench, running.uuid).await);
    bench.leases.fail(&running, &failed("broken"), Failure::Dead, at(1)).await.unwrap();
    for uuid in [dead.uuid, waiting.uuid] {
        assert!(remove(bench, uuid).await);
        assert_eq!(bench.store.jobs().by_uuid(uuid).await.unwrap_err().kind(), Kind::NotFound);
    }
    assert!(bench.store.jobs().attempts(dead.uuid).await.unwrap().is_empty());
}

/// `NotFound`.
pub async fn unknown_ones_are_not_found(bench: &Bench) {
    let nobody = uuid();
    let retried = bench.refused(async |tx| tx.job_control().retry(nobody, at(0)).await).await;
    let cancelled = bench.refused(async |tx| tx.job_control().cancel(nobody, at(0)).await).await;
    let removed = bench.refused(async |tx| tx.job_control().remove(nobody).await).await;
    assert_eq!([retried, cancelled, removed], [Kind::NotFound; 3]);
}

/// "For failed, dead and cancelled jobs that the filter lets through; at most `limit`. How many."
pub async fn many_are_retried_by_filter(bench: &Bench) {
    let jobs: Vec<NewJob> = (0..5).map(|_| job()).collect();
    let other = NewJob { kind: "diagnostics.sleep".to_owned(), ..job() };
    enqueue(bench, &jobs).await;
    enqueue(bench, std::slice::from_ref(&other)).await;
    let claimed = claim(bench, 1, 10, 0).await;
    for job in &claimed[..4] {
        bench.leases.fail(job, &failed("broken"), Failure::Dead, at(1)).await.unwrap();
    }
    bench.leases.succeed(&claimed[4], &Value::Null, at(1)).await.unwrap();
    bench.leases.fail(&claimed[5], &failed("no"), Failure::Retry { at: at(90) }, at(1)).await.unwrap();
    let dead = JobFilter { status: Some(JobStatus::Dead), ..JobFilter::default() };
    let echo = JobFilter { kind: Some("diagnostics.echo".to_owned()), ..JobFilter::default() };
    let some = async |filter: &JobFilter, limit| {
        bench.commit(async |tx| tx.job_control().retry_some(filter, limit, at(5)).await).await
    };
    assert_eq!(some(&dead, 3).await, 3);
    assert_eq!(some(&echo, 10).await, 1, "what waits by now is left alone");
    assert_eq!(some(&JobFilter::default(), 10).await, 1, "the failed one of another kind");
    assert_eq!(some(&JobFilter::default(), 10).await, 0);
    let again: Vec<i64> = claim(bench, 1, 10, 5).await.iter().map(|job| job.id).collect();
    let expected = jobs[..4].iter().chain([&other]).map(|job| job.id).collect::<Vec<_>>();
    assert_eq!(again, expected);
}

/// "Removes succeeded, dead and cancelled jobs that the filter lets through and that ended before `before`."
pub async fn many_are_removed_by_filter(bench: &Bench) {
    let jobs: Vec<NewJob> = (0..4).map(|_| job()).collect();
    enqueue(bench, &jobs).await;
    cancel(bench, jobs[3].uuid, 10).await;
    let claimed = claim(bench, 1, 10, 0).await;
    bench.leases.succeed(&claimed[0], &Value::Null, at(10)).await.unwrap();
    bench.leases.fail(&claimed[1], &failed("broken"), Failure::Dead, at(10)).await.unwrap();
    let some = async |status, before, limit| {
        let filter = JobFilter { status, ..JobFilter::default() };
        bench.commit(async |tx| tx.job_control().remove_some(&filter, at(before), limit).await).await
    };
    assert_eq!(some(None, 10, 9).await, 0, "ended at that time, not before");
    assert_eq!(some(Some(JobStatus::Dead), 11, 9).await, 1);
    assert_eq!(some(Some(JobStatus::Running), 11, 9).await, 0);
    assert_eq!(some(None, 11, 1).await, 1);
    assert_eq!(some(None, 11, 9).await, 1);
    assert_eq!(status(bench, claimed[2].uuid).await, JobStatus::Running);
}

/// "Nothing comes from a queue that rests", from others it does; "lets a queue go on".
pub async fn nothing_is_claimed_from_a_queue_that_rests(bench: &Bench) {
    let mail = NewJob { queue: "mail".to_owned(), ..job() };
    enqueue(bench, &[job(), mail.clone()]).await;
    let pause = async |moment| {
        bench.commit(async |tx| tx.job_control().pause("default", at(moment)).await).await;
    };
    pause(3).await;
    pause(4).await;
    assert!(claim(bench, 1, 10, 5).await.is_empty());
    let other = Claim { queue: "mail".to_owned(), ..claim_of(1, 10, 5) };
    assert_eq!(bench.leases.claim(&other).await.unwrap()[0].id, mail.id);
    let state = bench.store.jobs().queues(at(0), at(5)).await.unwrap();
    assert_eq!(state[0].paused_at, Some(at(3)), "it has its first time");
    for _ in 0..2 {
        bench.commit(async |tx| tx.job_control().resume("default").await).await;
    }
    claim_one(bench, 1, 5).await;
    pause(6).await;
    let state = bench.store.jobs().queues(at(0), at(5)).await.unwrap();
    assert_eq!(state[0].paused_at, Some(at(6)));
}

/// Every count of [`QueueState`], and which queues there are.
pub async fn tells_what_is_in_queues(bench: &Bench) {
    assert!(bench.store.jobs().queues(at(0), at(5)).await.unwrap().is_empty());
    let mail = |run_at| NewJob { queue: "mail".to_owned(), run_at: at(run_at), ..job() };
    let jobs: Vec<NewJob> = (0..5).map(|_| job()).collect();
    enqueue(bench, &[mail(7), mail(4), mail(60)]).await;
    enqueue(bench, &jobs).await;
    let claimed = claim(bench, 1, 10, 0).await;
    bench.leases.succeed(&claimed[0], &Value::Null, at(5)).await.unwrap();
    bench.leases.succeed(&claimed[1], &Value::Null, at(8)).await.unwrap();
    bench.leases.fail(&claimed[2], &failed("no"), Failure::Retry { at: at(9) }, at(8)).await.unwrap();
    bench.leases.fail(&claimed[3], &failed("no"), Failure::Dead, at(8)).await.unwrap();
    bench.commit(async |tx| tx.job_control().pause("quiet", at(2)).await).await;
    let named = |name: &str| QueueState { name: name.to_owned(), ..QueueState::default() };
    let default = QueueState {
        due: 1,
        failed: 1,
        running: 1,
        dead: 1,
        oldest: Some(at(9)),
        succeeded: 1,
        ..named("default")
    };
    let mail = QueueState { due: 2, scheduled: 1, oldest: Some(at(4)), ..named("mail") };
    let quiet = QueueState { paused_at: Some(at(2)), ..named("quiet") };
    assert_eq!(bench.store.jobs().queues(at(6), at(10)).await.unwrap(), [default, mail, quiet]);
}

/// What may run again is there to be claimed, and whoever shall stop is told.
pub async fn a_retry_wakes(bench: &Bench) {
    enqueue(bench, &[job()]).await;
    let dead = bury(bench, 1, 0).await;
    let wakeups = (bench.wakeups)();
    assert!(retry(bench, dead, 1).await);
    promptly("a waiter", Duration::from_secs(5), wakeups.wait(Duration::from_secs(30))).await;
}
