//! [`ports::JobQueue`].

use domain::{Job, JobStatus, NewJob};
use uuid::Uuid;

use super::{claim, claim_one, enqueue, read, status};
use crate::bench::Bench;
use crate::samples::{at, job};

/// A job as stored, before anybody claimed it.
fn stored(job: &NewJob, status: JobStatus) -> Job {
    Job {
        id: job.id,
        uuid: job.uuid,
        queue: job.queue.clone(),
        kind: job.kind.clone(),
        payload: job.payload.clone(),
        status,
        attempt: 0,
        max_attempts: job.max_attempts,
        run_at: job.run_at,
        created_at: job.created_at,
        started_at: None,
        finished_at: None,
        progress: None,
        result: None,
        last_error: None,
        last_reason: None,
        cancel_requested_at: None,
        lease_token: 0,
        traceparent: job.traceparent.clone(),
    }
}

/// "Writes a job." The payload comes back exactly.
pub async fn reads_back_every_field(bench: &Bench) {
    let full = NewJob { tenant_id: Some(7), unique_key: Some("k".to_owned()), ..job() };
    let bare = NewJob { traceparent: None, payload: serde_json::Value::Null, ..job() };
    enqueue(bench, &[full.clone(), bare.clone()]).await;
    for job in [full, bare] {
        assert_eq!(read(bench, job.uuid).await, stored(&job, JobStatus::Queued));
    }
}

/// A job whose time has not come is scheduled, and runs when it has.
pub async fn a_later_job_is_scheduled(bench: &Bench) {
    let later = NewJob { run_at: at(10), ..job() };
    enqueue(bench, std::slice::from_ref(&later)).await;
    assert_eq!(status(bench, later.uuid).await, JobStatus::Scheduled);
    assert!(claim(bench, 1, 10, 9).await.is_empty());
    assert_eq!(claim_one(bench, 1, 10).await.id, later.id);
}

/// "False when a job with the same unique key exists, which is then left as it is": live or finished.
pub async fn a_key_is_taken_once(bench: &Bench) {
    let keyed = || NewJob { unique_key: Some("mail:1".to_owned()), ..job() };
    let first = keyed();
    enqueue(bench, std::slice::from_ref(&first)).await;
    let again = async |tx: &dyn ports::Tx| tx.jobs().enqueue(&keyed()).await;
    assert!(!bench.commit(again).await);
    assert_eq!(read(bench, first.uuid).await, stored(&first, JobStatus::Queued));
    let claimed = claim_one(bench, 1, 0).await;
    assert!(!bench.commit(again).await);
    bench.leases.succeed(&claimed, &serde_json::Value::Null, at(1)).await.unwrap();
    assert!(!bench.commit(again).await);
    assert!(claim(bench, 1, 10, 1).await.is_empty());
    // Without a key there is nothing to share.
    enqueue(bench, &[job(), job()]).await;
}

/// "Whose time for it is not over": then the key is free, whatever became of the job that had it.
pub async fn a_key_is_free_again_after_its_time(bench: &Bench) {
    let keyed = |moment| NewJob {
        unique_key: Some("digest:7".to_owned()),
        unique_until: Some(at(moment + 10)),
        created_at: at(moment),
        ..job()
    };
    let write = async |moment| bench.commit(async |tx| tx.jobs().enqueue(&keyed(moment)).await).await;
    assert!(write(0).await);
    assert!(!write(9).await);
    assert!(write(10).await);
    assert!(!write(19).await, "the later one has it now");
    assert_eq!(claim(bench, 1, 10, 0).await.len(), 2);
}

/// The same at the same time.
pub async fn of_many_with_one_key_one_is_written(bench: &Bench) {
    let writers = (0..10).map(|_| {
        let store = bench.store.clone();
        tokio::spawn(async move {
            let tx = store.begin().await.unwrap();
            let job = NewJob { unique_key: Some("once".to_owned()), ..job() };
            let written = tx.jobs().enqueue(&job).await.unwrap();
            tx.commit().await.unwrap();
            written
        })
    });
    let mut written = 0;
    for writer in writers.collect::<Vec<_>>() {
        written += u32::from(writer.await.unwrap());
    }
    assert_eq!(written, 1);
    assert_eq!(claim(bench, 1, 10, 0).await.len(), 1);
}

/// "It can run once the unit of work has committed, and never otherwise."
pub async fn never_runs_without_the_commit(bench: &Bench) {
    let tx = bench.begin().await;
    tx.jobs().enqueue(&job()).await.unwrap();
    drop(tx);
    assert!(claim(bench, 1, 10, 100).await.is_empty());
    let kept: Uuid = {
        let job = job();
        enqueue(bench, std::slice::from_ref(&job)).await;
        job.uuid
    };
    assert_eq!(claim_one(bench, 1, 100).await.uuid, kept);
}
