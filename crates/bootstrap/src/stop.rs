//! The order to stop.

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};

/// Returns at SIGTERM (orchestrators) or SIGINT (Ctrl-C).
pub(crate) async fn signalled() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("can't listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("can't listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
