//! Publishes events from the outbox. At least once: a crash between publishing and noting it publishes again.

use std::sync::Arc;

use ports::{Chain, Cluster, EventBroker, OutboxRelay};
use tokio_util::sync::CancellationToken;

use crate::pulse::Pulse;

/// Events per round: small enough that a failing one holds up few others.
const BATCH: u64 = 100;

/// The relay's loop.
pub(crate) struct RelayLoop {
    pub(crate) outbox: Arc<dyn OutboxRelay>,
    pub(crate) broker: Arc<dyn EventBroker>,
    pub(crate) cluster: Arc<dyn Cluster>,
}

impl RelayLoop {
    pub(crate) async fn run(self, mut pulse: Pulse, stop: CancellationToken) {
        let mut in_doubt = false;
        while !stop.is_cancelled() {
            let round = self.round(in_doubt).await;
            in_doubt = round.is_err();
            let more = round.unwrap_or_else(|error| {
                tracing::warn!(error = %Chain(&error), "events could not be relayed");
                false
            });
            if !more {
                tokio::select! {
                    () = pulse.beat() => {}
                    () = stop.cancelled() => {}
                }
            }
        }
    }

    /// Publishes one batch in order. True when there may be more. After a failure the rest of the batch goes
    /// back, so that no event overtakes an earlier one of its subject. After a round that broke off, rows may
    /// still be in our name that we know nothing of or could not settle: they go back first.
    async fn round(&self, in_doubt: bool) -> ports::Result<bool> {
        if in_doubt {
            self.outbox.rescue(self.cluster.holder()).await?;
        }
        let rows = self.outbox.take(self.cluster.holder(), BATCH).await?;
        fail::fail_point!("relay.after-take", |_| std::process::abort());
        let mut published = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Err(error) = self.broker.publish(&row.event).await {
                tracing::warn!(eventId = %row.event.id, error = %Chain(&error), "an event was not taken");
                break;
            }
            fail::fail_point!("relay.after-publish", |_| std::process::abort());
            published.push(row.id);
        }
        let rest: Vec<i64> = rows[published.len()..].iter().map(|row| row.id).collect();
        if !published.is_empty() {
            self.outbox.published(&published).await?;
            fail::fail_point!("relay.after-settle", |_| std::process::abort());
        }
        if !rest.is_empty() {
            self.outbox.give_back(&rest).await?;
        }
        Ok(rest.is_empty() && !rows.is_empty())
    }
}
