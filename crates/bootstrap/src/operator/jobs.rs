//! Background jobs and their queues.

use std::time::Duration;

use anyhow::{Context as _, Result};
use application::Context;
use application::jobs::Swept;
use db::Process;
use domain::Attempt;
pub use domain::{Job, JobStatus, Reason};
pub use ports::JobFilter;
use ports::{Page, QueueState, SortKey, Start};
use uuid::Uuid;

use super::operate;
use crate::config::Loaded;
use crate::core::connect;

/// Between two looks at queues that are being drained.
const LOOK: Duration = Duration::from_millis(500);

/// Jobs, from new to old, so many at most.
///
/// # Errors
/// When the database does not answer.
pub async fn jobs_list(loaded: &Loaded, filter: &JobFilter, limit: u64) -> Result<Vec<Job>> {
    let store = connect(&loaded.config, Process::Cli).await?.store();
    let page = Page { limit, sort: vec![SortKey::desc("createdAt")], start: Start::First };
    Ok(store.jobs().list(filter, &page).await.context("jobs can't be read")?.rows)
}

/// A job and its tries that did not succeed.
///
/// # Errors
/// When there is no such job, or the database does not answer.
pub async fn jobs_show(loaded: &Loaded, uuid: Uuid) -> Result<(Job, Vec<Attempt>)> {
    let store = connect(&loaded.config, Process::Cli).await?.store();
    let job = store.jobs().by_uuid(uuid).await.context("the job can't be read")?;
    let attempts = store.jobs().attempts(uuid).await.context("its history can't be read")?;
    Ok((job, attempts))
}

/// Lets a job run at once.
///
/// # Errors
/// When it is not there, runs or has succeeded, or the database does not answer.
pub async fn jobs_retry(loaded: &Loaded, uuid: Uuid) -> Result<()> {
    operate(loaded, async |shared| {
        let done = shared.app.jobs.retry(&operator(), uuid).await;
        done.map(|_| ()).context("the job can't be tried again")
    })
    .await
}

/// Lets all failed, dead and cancelled jobs that the filter lets through run at once.
///
/// # Errors
/// When nothing is retried from that status, or the database does not answer.
pub async fn jobs_retry_some(loaded: &Loaded, filter: &JobFilter) -> Result<u64> {
    operate(loaded, async |shared| {
        let mut jobs = 0;
        loop {
            let swept = shared.app.jobs.retry_some(&operator(), filter).await;
            let Swept { jobs: some, more } = swept.context("the jobs can't be tried again")?;
            jobs += some;
            if !more {
                return Ok(jobs);
            }
        }
    })
    .await
}

/// Cancels a job, or tells it to stop.
///
/// # Errors
/// When it is not there or has ended, or the database does not answer.
pub async fn jobs_cancel(loaded: &Loaded, uuid: Uuid) -> Result<Job> {
    operate(loaded, async |shared| {
        shared.app.jobs.cancel(&operator(), uuid).await.context("the job can't be cancelled")
    })
    .await
}

/// Lets a queue rest and waits until nothing of it runs any more. How many jobs still ran when the time was over.
///
/// # Errors
/// When the database does not answer.
pub async fn jobs_drain(loaded: &Loaded, queue: &str, at_most: Duration) -> Result<u64> {
    operate(loaded, async |shared| {
        shared.app.jobs.pause(&operator(), queue).await.context("the queue can't be paused")?;
        let running = async || {
            let states = shared.app.jobs.queues().await.context("queues can't be read")?;
            Ok::<_, anyhow::Error>(states.iter().find(|one| one.name == queue).map_or(0, |one| one.running))
        };
        let empty = async {
            loop {
                if running().await? == 0 {
                    return Ok::<_, anyhow::Error>(());
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        match tokio::time::timeout(at_most, empty).await {
            Ok(empty) => empty.map(|()| 0),
            Err(_) => running().await,
        }
    })
    .await
}

/// Lets a queue go on.
///
/// # Errors
/// When the database does not answer.
pub async fn jobs_resume(loaded: &Loaded, queue: &str) -> Result<()> {
    operate(loaded, async |shared| {
        shared.app.jobs.resume(&operator(), queue).await.context("the queue can't be resumed")
    })
    .await
}

/// What is in the queues.
///
/// # Errors
/// When the database does not answer.
pub async fn jobs_stats(loaded: &Loaded) -> Result<Vec<QueueState>> {
    operate(loaded, async |shared| shared.app.jobs.queues().await.context("queues can't be read")).await
}

fn operator() -> Context {
    Context::system("operator", None)
}
