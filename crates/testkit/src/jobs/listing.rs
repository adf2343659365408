//! [`ports::JobQueries`].

use domain::{Job, JobStatus, NewJob};
use ports::{JOB_ORDERS, JobFilter, Kind};

use super::{claim, enqueue};
use crate::bench::Bench;
use crate::listing::keeps_its_orders;
use crate::samples::{first, job, uuid};

async fn ids(bench: &Bench, filter: &JobFilter) -> Vec<i64> {
    let found = bench.store.jobs().list(filter, &first(10)).await.unwrap();
    assert_eq!(bench.store.jobs().count(filter).await.unwrap(), found.rows.len() as u64, "{filter:?}");
    found.rows.iter().map(|job| job.id).collect()
}

/// "Jobs, in one of [`JOB_ORDERS`] or its reverse", by page, and "how many jobs the filter lets through".
pub async fn in_every_order_by_page(bench: &Bench) {
    let jobs: Vec<NewJob> = (0..5).map(|_| job()).collect();
    enqueue(bench, &jobs).await;
    let (all, store) = (JobFilter::default(), &bench.store);
    let stored: Vec<Job> = store.jobs().list(&all, &first(9)).await.unwrap().rows;
    assert_eq!(stored.len(), jobs.len());
    keeps_its_orders(JOB_ORDERS, &stored, |_, job| job.id, async |page| store.jobs().list(&all, &page).await)
        .await;
    assert_eq!(store.jobs().count(&all).await.unwrap(), 5);
}

/// "Exact status", "exact queue", "exact kind".
pub async fn filters_exactly(bench: &Bench) {
    let mail = NewJob { queue: "mail".to_owned(), ..job() };
    let sleep = NewJob { kind: "diagnostics.sleep".to_owned(), ..job() };
    enqueue(bench, &[mail.clone(), sleep.clone()]).await;
    claim(bench, 1, 10, 0).await;
    let some = |text: &str| Some(text.to_owned());
    let none = JobFilter::default;
    for (filter, expected) in [
        (JobFilter { queue: some("mail"), ..none() }, vec![mail.id]),
        (JobFilter { queue: some("mai"), ..none() }, vec![]),
        (JobFilter { kind: some("diagnostics.sleep"), ..none() }, vec![sleep.id]),
        (JobFilter { kind: some("diagnostics.\u{0}"), ..none() }, vec![]),
        (JobFilter { status: Some(JobStatus::Running), ..none() }, vec![sleep.id]),
        (JobFilter { status: Some(JobStatus::Queued), ..none() }, vec![mail.id]),
        (JobFilter { status: Some(JobStatus::Queued), kind: some("diagnostics.sleep"), ..none() }, vec![]),
    ] {
        assert_eq!(ids(bench, &filter).await, expected, "{filter:?}");
    }
}

/// `NotFound`.
pub async fn misses_are_not_found(bench: &Bench) {
    assert_eq!(bench.store.jobs().by_uuid(uuid()).await.unwrap_err().kind(), Kind::NotFound);
}
