//! Events that could not be published.

use anyhow::{Context as _, Result};
use application::Context;
use db::Process;
use ports::{DeadLetter, OutboxDepth, Page, SortKey, Start};
use uuid::Uuid;

use super::operate;
use crate::config::Loaded;
use crate::core::connect;

/// Dead letters shown at most.
const SHOWN: u64 = 100;

/// What lies in the outbox: how much, and the newest dead letters.
///
/// # Errors
/// When the database does not answer.
pub async fn outbox_list(loaded: &Loaded) -> Result<(OutboxDepth, Vec<DeadLetter>)> {
    let store = connect(&loaded.config, Process::Cli).await?.store();
    let depth = store.outbox().depth().await.context("the outbox can't be read")?;
    let page = Page { limit: SHOWN, sort: vec![SortKey::desc("createdAt")], start: Start::First };
    let letters = store.outbox().dead_letters(&page).await.context("the outbox can't be read")?;
    Ok((depth, letters.rows))
}

/// Publishes a dead letter again.
///
/// # Errors
/// When no dead letter is that event, or the database does not answer.
pub async fn outbox_retry(loaded: &Loaded, event: Uuid) -> Result<()> {
    operate(loaded, async |shared| {
        let done = shared.app.outbox.retry(&Context::system("operator", None), event).await;
        done.context("the dead letter can't be published again")
    })
    .await
}

/// Removes a dead letter for good.
///
/// # Errors
/// As [`outbox_retry`].
pub async fn outbox_drop(loaded: &Loaded, event: Uuid) -> Result<()> {
    operate(loaded, async |shared| {
        let done = shared.app.outbox.drop(&Context::system("operator", None), event).await;
        done.context("the dead letter can't be removed")
    })
    .await
}
