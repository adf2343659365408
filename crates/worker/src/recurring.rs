//! Recurring work: one job per tick, whoever writes it first. The unique key names the tick.

use std::time::Duration;

use application::jobs::{JobSpec, Jobs, kind};
use application::{Context, Error};
use domain::Timestamp;
use ports::{Chain, Clock};
use serde_json::json;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const LOOK: Duration = Duration::from_secs(20);

/// The loop that writes recurring jobs.
pub(crate) struct RecurringLoop {
    pub(crate) jobs: Jobs,
    pub(crate) clock: Arc<dyn Clock>,
}

impl RecurringLoop {
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut written = None;
        while !stop.is_cancelled() {
            let tick = hour(self.clock.now());
            if written.as_ref() != Some(&tick) {
                match self.write(&tick).await {
                    Ok(()) => written = Some(tick),
                    Err(error) => {
                        tracing::warn!(error = %Chain(&error), "recurring jobs could not be written");
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn write(&self, tick: &str) -> Result<(), Error> {
        let context = Context::system("scheduler", None);
        for name in ["maintenance.purge", "keys.tend"] {
            if let Some(kind) = kind(name) {
                let spec = JobSpec::now(kind, json!({})).unique(format!("{name}@{tick}"));
                self.jobs.schedule(&context, spec).await?;
            }
        }
        Ok(())
    }
}

/// The hour that a moment lies in, as the name of a tick.
fn hour(now: Timestamp) -> String {
    now.format("%Y-%m-%dT%H").to_string()
}
