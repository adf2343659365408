//! How jobs end: well, badly, or with their holder.

use domain::{Failure, JobStatus, NewJob, Reason, Trouble};
use ports::Kind;
use serde_json::json;
use uuid::Uuid;

use super::{claim, claim_one, enqueue, failed, read, status};
use crate::bench::Bench;
use crate::samples::{at, job};

/// "Ends a job well", once.
pub async fn succeeds_once(bench: &Bench) {
    enqueue(bench, &[job()]).await;
    let job = claim_one(bench, 1, 0).await;
    let result = json!({ "rows": 1.5, "text": "a\u{0}b" });
    bench.leases.succeed(&job, &result, at(5)).await.unwrap();
    let done = read(bench, job.uuid).await;
    assert_eq!(
        (done.status, done.result, done.finished_at),
        (JobStatus::Succeeded, Some(result), Some(at(5)))
    );
    let again = bench.leases.succeed(&job, &json!(null), at(6)).await;
    assert_eq!(again.unwrap_err().kind(), Kind::Precondition);
    assert!(claim(bench, 1, 10, 1_000).await.is_empty());
}

/// "Ends a try badly": tried again, but not before its time.
pub async fn a_failed_one_waits_for_its_time(bench: &Bench) {
    enqueue(bench, &[job()]).await;
    let job = claim_one(bench, 1, 0).await;
    bench
        .leases
        .fail(&job, &failed("panicked at 'a\u{0}b'"), Failure::Retry { at: at(60) }, at(5))
        .await
        .unwrap();
    let tried = read(bench, job.uuid).await;
    assert_eq!((tried.status, tried.run_at, tried.finished_at), (JobStatus::Failed, at(60), None));
    assert_eq!(tried.last_reason, Some(Reason::Failed));
    assert!(tried.last_error.unwrap().starts_with("panicked at 'a"));
    assert!(claim(bench, 1, 10, 59).await.is_empty());
    let again = claim_one(bench, 1, 60).await;
    assert_eq!((again.id, again.attempt), (job.id, 2));
}

/// "A dead letter" is not tried again.
pub async fn a_dead_one_stays(bench: &Bench) {
    enqueue(bench, &[job()]).await;
    let job = claim_one(bench, 1, 0).await;
    bench.leases.fail(&job, &failed("broken"), Failure::Dead, at(5)).await.unwrap();
    let dead = read(bench, job.uuid).await;
    assert_eq!((dead.status, dead.finished_at), (JobStatus::Dead, Some(at(5))));
    assert_eq!(dead.last_error.as_deref(), Some("broken"));
    assert!(claim(bench, 1, 10, 1_000).await.is_empty());
}

/// "Takes all jobs of a fallen holder back: they may run at once. How many." Others keep theirs.
pub async fn rescue_takes_back_what_a_holder_had(bench: &Bench) {
    let jobs = [job(), job(), job()];
    enqueue(bench, &jobs).await;
    let fallen = claim(bench, 1, 2, 0).await;
    let kept = claim_one(bench, 2, 0).await;
    assert_eq!(bench.leases.rescue(Uuid::from_u128(1), &[], at(50)).await.unwrap(), 2);
    for job in &fallen {
        let back = read(bench, job.uuid).await;
        assert_eq!((back.status, back.run_at), (JobStatus::Queued, at(50)));
    }
    let again: Vec<i64> = claim(bench, 3, 10, 50).await.iter().map(|job| job.id).collect();
    assert_eq!(again, fallen.iter().map(|job| job.id).collect::<Vec<_>>());
    assert_eq!(status(bench, kept.uuid).await, JobStatus::Running);
    bench.leases.succeed(&kept, &json!(null), at(51)).await.unwrap();
    assert_eq!(bench.leases.rescue(Uuid::from_u128(1), &[], at(50)).await.unwrap(), 0);
}

/// "All but those to keep": they go on under their lease.
pub async fn rescue_leaves_what_is_to_be_kept(bench: &Bench) {
    enqueue(bench, &[job(), job()]).await;
    let jobs = claim(bench, 1, 2, 0).await;
    let (known, unheard) = (&jobs[0], &jobs[1]);
    assert_eq!(bench.leases.rescue(Uuid::from_u128(1), &[known.id], at(50)).await.unwrap(), 1);
    assert_eq!(status(bench, unheard.uuid).await, JobStatus::Queued);
    bench.leases.succeed(known, &json!(null), at(51)).await.unwrap();
}

/// A fallen holder that stirs again is refused, even before anybody else has claimed the job.
pub async fn rescue_refuses_the_fallen_holder(bench: &Bench) {
    enqueue(bench, &[job()]).await;
    let job = claim_one(bench, 1, 0).await;
    bench.leases.rescue(Uuid::from_u128(1), &[], at(1)).await.unwrap();
    let late = bench.leases.succeed(&job, &json!("late"), at(2)).await;
    assert_eq!(late.unwrap_err().kind(), Kind::Precondition);
    assert_eq!(status(bench, job.uuid).await, JobStatus::Queued);
}

/// "… or are dead when they have no attempt left."
pub async fn rescue_buries_what_has_no_attempt_left(bench: &Bench) {
    enqueue(bench, &[NewJob { max_attempts: 1, ..job() }]).await;
    let job = claim_one(bench, 1, 0).await;
    assert_eq!(bench.leases.rescue(Uuid::from_u128(1), &[], at(50)).await.unwrap(), 1);
    let dead = read(bench, job.uuid).await;
    assert_eq!((dead.status, dead.finished_at), (JobStatus::Dead, Some(at(50))));
    assert_eq!(dead.last_reason, Some(Reason::WorkerLost));
    assert!(claim(bench, 2, 10, 100).await.is_empty());
}

/// "Removes succeeded and cancelled jobs that ended before `before`; at most `limit`. How many."
pub async fn purge_removes_what_ended_well(bench: &Bench) {
    let jobs: Vec<NewJob> = (0..5).map(|_| job()).collect();
    enqueue(bench, &jobs).await;
    let claimed = claim(bench, 1, 10, 0).await;
    for (job, end) in claimed.iter().zip([10, 10, 10, 20]) {
        bench.leases.succeed(job, &json!(null), at(end)).await.unwrap();
    }
    bench.leases.fail(&claimed[4], &failed("broken"), Failure::Dead, at(10)).await.unwrap();
    assert_eq!(bench.leases.purge(at(10), 10).await.unwrap(), 0);
    assert_eq!(bench.leases.purge(at(20), 2).await.unwrap(), 2);
    assert_eq!(bench.leases.purge(at(20), 2).await.unwrap(), 1);
    assert_eq!(status(bench, claimed[3].uuid).await, JobStatus::Succeeded);
    assert_eq!(status(bench, claimed[4].uuid).await, JobStatus::Dead);
}

/// "Notes it in the job's history", a lost try, too; from old to new. One that succeeds or is given back is none.
pub async fn tries_that_fail_are_history(bench: &Bench) {
    enqueue(bench, &[NewJob { max_attempts: 9, ..job() }]).await;
    let first = claim_one(bench, 1, 0).await;
    let odd = Trouble::new(Reason::Panicked, "at 'a\u{0}b'");
    bench.leases.fail(&first, &odd, Failure::Retry { at: at(6) }, at(5)).await.unwrap();
    let second = claim_one(bench, 1, 7).await;
    bench.leases.release(&second, at(7)).await.unwrap();
    claim_one(bench, 1, 8).await;
    bench.leases.rescue(Uuid::from_u128(1), &[], at(9)).await.unwrap();
    let third = claim_one(bench, 2, 10).await;
    let refused = Trouble::new(Reason::Refused, "no");
    bench.leases.fail(&third, &refused, Failure::Dead, at(11)).await.unwrap();
    let history = bench.store.jobs().attempts(first.uuid).await.unwrap();
    let told = |number: usize| {
        let attempt = &history[number];
        (attempt.number, attempt.started_at, attempt.ended_at, attempt.trouble.reason)
    };
    assert_eq!(history.len(), 3, "{history:?}");
    assert_eq!(told(0), (1, Some(at(0)), at(5), Reason::Panicked));
    assert_eq!(told(1), (2, Some(at(8)), at(9), Reason::WorkerLost));
    assert_eq!(told(2), (3, Some(at(10)), at(11), Reason::Refused));
    assert_eq!(history[2].trouble.error, "no");
    assert!(bench.store.jobs().attempts(crate::samples::uuid()).await.unwrap().is_empty());
}

/// "What shall stop is cancelled instead of tried again", by a failure, a rescue or a release.
pub async fn what_shall_stop_is_not_tried_again(bench: &Bench) {
    enqueue(bench, &[job(), job(), job(), job()]).await;
    let mut jobs = claim(bench, 1, 3, 0).await;
    jobs.push(claim_one(bench, 2, 0).await);
    for job in &jobs {
        assert!(bench.commit(async |tx| tx.job_control().cancel(job.uuid, at(1)).await).await);
    }
    bench.leases.fail(&jobs[0], &failed("no"), Failure::Retry { at: at(60) }, at(5)).await.unwrap();
    let stopped = Trouble::new(Reason::Cancelled, "stopped");
    bench.leases.fail(&jobs[1], &stopped, Failure::Cancelled, at(5)).await.unwrap();
    bench.leases.release(&jobs[2], at(5)).await.unwrap();
    assert_eq!(bench.leases.rescue(Uuid::from_u128(2), &[], at(5)).await.unwrap(), 1);
    for job in &jobs {
        let over = read(bench, job.uuid).await;
        assert_eq!((over.status, over.finished_at), (JobStatus::Cancelled, Some(at(5))));
    }
    assert!(claim(bench, 1, 10, 1_000).await.is_empty());
}
