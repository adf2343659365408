//! Gives the work of fallen workers to the living.

use std::sync::Arc;
use std::time::Duration;

use ports::{Chain, Clock, Cluster, JobLeases, OutboxRelay};
use tokio_util::sync::CancellationToken;

/// How often to look. Together with the time a heartbeat may stand still this bounds the rescue to five seconds.
const LOOK: Duration = Duration::from_millis(500);

/// The rescuer's loop.
pub(crate) struct RescueLoop {
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) leases: Arc<dyn JobLeases>,
    pub(crate) outbox: Arc<dyn OutboxRelay>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl RescueLoop {
    pub(crate) async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.round().await {
                tracing::warn!(error = %Chain(&error), "fallen workers could not be looked for");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn round(&self) -> ports::Result<()> {
        for holder in self.cluster.fallen().await? {
            let jobs = self.leases.rescue(holder, &[], self.clock.now()).await?;
            let events = self.outbox.rescue(holder).await?;
            tracing::warn!(%holder, jobs, events, "a worker fell, its work was taken back");
        }
        Ok(())
    }
}
