//! [`ports::JobLeases::claim`]: limits of kinds, and turns of tenants.

use std::time::Duration;

use domain::{Failure, Job, Limits, NewJob, Rate};
use ports::{Claim, Limited};
use serde_json::Value;

use super::{claim, claim_of, enqueue, failed};
use crate::bench::Bench;
use crate::samples::{at, job};

const KIND: &str = "reports.render";

fn report() -> NewJob {
    NewJob { kind: KIND.to_owned(), limited: true, ..job() }
}

fn reports(count: usize) -> Vec<NewJob> {
    (0..count).map(|_| report()).collect()
}

fn of_kind(limits: Limits, holder: u128, limit: u64, now: i64) -> Claim {
    let limited = Some(Limited { kind: KIND.to_owned(), limits });
    Claim { limited, ..claim_of(holder, limit, now) }
}

fn at_a_time(jobs: u32) -> Limits {
    Limits { concurrency: Some(jobs), rate: None }
}

async fn claim_reports(bench: &Bench, limits: Limits, limit: u64, now: i64) -> Vec<Job> {
    bench.leases.claim(&of_kind(limits, 1, limit, now)).await.unwrap()
}

/// "Only jobs of this kind; otherwise those of all kinds that are not limited."
pub async fn a_limited_kind_is_claimed_by_itself(bench: &Bench) {
    let other = job();
    enqueue(bench, &[report(), other.clone()]).await;
    let common = claim(bench, 1, 10, 0).await;
    assert!(common.len() == 1 && common[0].id == other.id, "{common:?}");
    let limited = claim_reports(bench, Limits::default(), 10, 0).await;
    assert!(limited.len() == 1 && limited[0].kind == KIND, "{limited:?}");
}

/// "No more are leased than its limits leave": whatever ends makes room.
pub async fn so_many_of_a_kind_at_a_time(bench: &Bench) {
    enqueue(bench, &reports(5)).await;
    let first = claim_reports(bench, at_a_time(2), 10, 0).await;
    assert_eq!(first.len(), 2);
    assert!(claim_reports(bench, at_a_time(2), 10, 0).await.is_empty());
    bench.leases.succeed(&first[0], &Value::Null, at(1)).await.unwrap();
    assert_eq!(claim_reports(bench, at_a_time(2), 10, 1).await.len(), 1);
    bench.leases.fail(&first[1], &failed("no"), Failure::Dead, at(1)).await.unwrap();
    assert_eq!(claim_reports(bench, at_a_time(2), 10, 1).await.len(), 1);
    assert_eq!(claim_reports(bench, at_a_time(4), 1, 1).await.len(), 1, "as many as asked for");
}

/// "Over all holders": ten at once.
pub async fn many_holders_keep_to_the_limit(bench: &Bench) {
    enqueue(bench, &reports(30)).await;
    let workers = (1..=10).map(|holder| {
        let leases = bench.leases.clone();
        tokio::spawn(async move {
            let mut mine = 0;
            for _ in 0..3 {
                mine += leases.claim(&of_kind(at_a_time(7), holder, 2, 0)).await.unwrap().len();
            }
            mine
        })
    });
    let mut all = 0;
    for worker in workers.collect::<Vec<_>>() {
        all += worker.await.unwrap();
    }
    assert_eq!(all, 7);
}

/// The same for a rate: what has begun counts, also once it has ended.
pub async fn so_many_of_a_kind_within_a_time(bench: &Bench) {
    enqueue(bench, &reports(20)).await;
    let rate = Some(Rate { jobs: 4, per: Duration::from_secs(8) });
    let limits = Limits { concurrency: None, rate };
    for (now, expected) in [(0, 4), (1, 0), (2, 1), (6, 2), (100, 4)] {
        let claimed = claim_reports(bench, limits, 10, now).await;
        assert_eq!(claimed.len(), expected, "at {now}");
        for job in claimed {
            bench.leases.succeed(&job, &Value::Null, at(now)).await.unwrap();
        }
    }
}

/// "Jobs of one tenant take turns with all others, so that many of them make nobody else wait."
pub async fn a_tenant_with_many_lets_others_through(bench: &Bench) {
    let of =
        |tenant, moment| NewJob { tenant_id: tenant, run_at: at(moment), created_at: at(moment), ..job() };
    let many: Vec<NewJob> = (0..200).map(|_| of(Some(1), 0)).collect();
    enqueue(bench, &many).await;
    let late = [of(Some(2), 3), of(Some(2), 3), of(None, 3)];
    enqueue(bench, &late).await;
    let first: Vec<i64> = claim(bench, 1, 10, 5).await.iter().map(|job| job.id).collect();
    for job in &late {
        assert!(first.contains(&job.id), "{first:?}");
    }
    assert_eq!(first[0], many[0].id, "who was first is first");
    // Nothing is held back: without others the many have all of it.
    assert_eq!(claim(bench, 1, 500, 5).await.len(), 193);
}

/// A job that is due on another day does not put off the tenant's jobs of today.
pub async fn jobs_of_another_day_put_off_nothing(bench: &Bench) {
    let of = |run_at| NewJob { tenant_id: Some(1), run_at: at(run_at), ..job() };
    let (tomorrow, today, other) = (of(2 * 86_400), of(0), NewJob { run_at: at(1), ..job() });
    enqueue(bench, &[tomorrow, today.clone(), other.clone()]).await;
    let claimed: Vec<i64> = claim(bench, 1, 10, 5).await.iter().map(|job| job.id).collect();
    assert_eq!(claimed, [today.id, other.id]);
}
