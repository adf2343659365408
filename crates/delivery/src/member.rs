//! One member of a group: it tells an event until that is handled, refused too often, or left.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::{Backoff, EventEnvelope};
use futures_util::FutureExt;
use ports::{Chain, EventHandler, RefusedEvent};
use tokio_util::sync::CancellationToken;

/// How often and how fast an event is told again.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// So many refusals make a dead letter.
    pub refusals: i32,
    /// Pauses between refusals.
    pub refused: Backoff,
    /// Pauses while the consumer is away.
    pub away: Backoff,
}

impl Default for Patience {
    /// Ten refusals over about a quarter of an hour, as in the outbox.
    fn default() -> Self {
        Self {
            refusals: 10,
            refused: Backoff { base: Duration::from_secs(1), max: Duration::from_secs(5 * 60) },
            away: Backoff { base: Duration::from_millis(200), max: Duration::from_secs(5) },
        }
    }
}

/// Where an event is after it was told.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Handled, or not for this group.
    Handled,
    /// Given up.
    Refused(Box<RefusedEvent>),
    /// Neither: the member stops before it knows. Somebody else has to be told.
    Left,
}

/// A group's member for one kind of events.
pub struct Member {
    /// Whose.
    pub group: String,
    /// Of which events.
    pub kind: String,
    pub(crate) handler: Arc<dyn EventHandler>,
    pub(crate) patience: Patience,
}

impl Member {
    /// Tells an event, again and again if need be. A handler that runs when `stop` comes is let to end.
    pub async fn tell(&self, event: &EventEnvelope, stop: &CancellationToken) -> Outcome {
        let (mut refusals, mut absences) = (0, 0);
        while !stop.is_cancelled() {
            // Ids are random enough for pauses that should differ.
            let jitter = event.id.as_u64_pair().1;
            let (pause, reason) = match AssertUnwindSafe(self.handler.handle(event)).catch_unwind().await {
                Ok(Ok(())) => return Outcome::Handled,
                Ok(Err(error)) if error.is_retryable() => {
                    absences += 1;
                    (self.patience.away.pause(absences, jitter), Chain(&error).to_string())
                }
                Ok(Err(error)) => {
                    refusals += 1;
                    (self.patience.refused.pause(refusals, jitter), Chain(&error).to_string())
                }
                Err(_) => {
                    refusals += 1;
                    (self.patience.refused.pause(refusals, jitter), "the handler panicked".to_owned())
                }
            };
            tracing::warn!(group = self.group, event.id = %event.id, event.kind, refusals, error = reason, "an event was not handled");
            if refusals >= self.patience.refusals {
                return Outcome::Refused(Box::new(self.letter(event, refusals, reason)));
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
        Outcome::Left
    }

    fn letter(&self, event: &EventEnvelope, refusals: i32, reason: String) -> RefusedEvent {
        let (group, kind) = (self.group.clone(), self.kind.clone());
        RefusedEvent { group, kind, refusals, reason, event: event.clone() }
    }
}
