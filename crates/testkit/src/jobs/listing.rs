//! [`ports::JobQueries`].

use domain::{JobStatus, NewJob};
use ports::{JobFilter, Kind, Page};

use super::{claim, enqueue};
use crate::bench::Bench;
use crate::samples::{first, job, uuid};

async fn ids(bench: &Bench, filter: &JobFilter, page: Page) -> (Vec<i64>, bool) {
    let found = bench.store.jobs().list(filter, page).await.unwrap();
    (found.rows.iter().map(|job| job.id).collect(), found.has_more)
}

/// "Jobs from new to old", by page.
pub async fn from_new_to_old_by_page(bench: &Bench) {
    let jobs: Vec<NewJob> = (0..4).map(|_| job()).collect();
    enqueue(bench, &jobs).await;
    let newest: Vec<i64> = jobs.iter().rev().map(|job| job.id).collect();
    let all = JobFilter::default();
    assert_eq!(ids(bench, &all, first(3)).await, (newest[..3].to_vec(), true));
    assert_eq!(ids(bench, &all, Page { offset: 3, ..first(3) }).await, (newest[3..].to_vec(), false));
    let rest = Page { before: Some(newest[2]), ..first(3) };
    assert_eq!(ids(bench, &all, rest).await, (newest[3..].to_vec(), false));
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
        assert_eq!(ids(bench, &filter, first(10)).await, (expected, false), "{filter:?}");
    }
}

/// `NotFound`.
pub async fn misses_are_not_found(bench: &Bench) {
    assert_eq!(bench.store.jobs().by_uuid(uuid()).await.unwrap_err().kind(), Kind::NotFound);
}
