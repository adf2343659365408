//! Tells running jobs that an operator wants them to stop.

use std::sync::Arc;
use std::time::Duration;

use ports::Chain;
use tokio_util::sync::CancellationToken;

use crate::execute::Executor;
use crate::pulse::Pulse;

/// Between two looks, at least: under load there is a beat for each job that is written.
const REST: Duration = Duration::from_millis(200);

/// Looks for jobs that shall stop.
pub(crate) struct StopLoop {
    pub(crate) executor: Arc<Executor>,
}

impl StopLoop {
    pub(crate) async fn run(self, mut pulse: Pulse, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let beat = async {
                tokio::time::sleep(REST).await;
                pulse.beat().await;
            };
            tokio::select! {
                () = beat => self.look().await,
                () = stop.cancelled() => {}
            }
        }
    }

    async fn look(&self) {
        let executor = &self.executor;
        if executor.in_hand().is_empty() {
            return;
        }
        match executor.leases.to_stop(executor.cluster.holder()).await {
            Ok(ids) => executor.stop(&ids),
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "jobs that shall stop could not be looked for");
            }
        }
    }
}
