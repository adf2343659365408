//! The event broker of a single process.
//!
//! It keeps nothing: an event is delivered while its publisher waits. What was not handled stays in the
//! outbox, which publishes it again.
//! **Invariant:** no handler runs under a lock, and none can take the publisher down.

#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use domain::EventEnvelope;
use ports::{BrokerCapabilities, Error, EventBroker, EventHandler, Kind, RefusedEvent, Result};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use uuid::Uuid;

/// Delivers to subscribers within this process. One publisher's events arrive in order as long as it waits
/// for each before it publishes the next.
#[derive(Default)]
pub struct MemoryBroker {
    subscriptions: RwLock<Vec<Subscription>>,
    /// Handlers at work; closed with the broker.
    running: TaskTracker,
}

#[derive(Clone)]
struct Subscription {
    group: String,
    /// With the dot in front: the ending of event types.
    ending: String,
    handler: Arc<dyn EventHandler>,
}

#[async_trait]
impl EventBroker for MemoryBroker {
    fn capabilities(&self) -> BrokerCapabilities {
        BrokerCapabilities { keeps: false }
    }

    /// Returns when each group has handled the event, as `Unavailable` when all that failed were away. All groups
    /// get it, even when one of them fails; groups that succeeded then get it again with the redelivery.
    async fn publish(&self, event: &EventEnvelope) -> Result<()> {
        self.open("publish an event")?;
        let mut running = JoinSet::new();
        for subscription in self.subscribers_of(&event.kind) {
            let event = event.clone();
            // A task of its own, so that a panic ends the task and not the publisher. The set aborts its
            // tasks when the publisher gives up.
            let delivery = async move { subscription.deliver(&event).await }.in_current_span();
            running.spawn(self.running.track_future(delivery));
        }
        let mut outcome = Ok(());
        while let Some(finished) = running.join_next().await {
            let failure = match finished {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => {
                    let kind = if error.is_retryable() { Kind::Unavailable } else { Kind::Internal };
                    Error::with(kind, "publish an event", error)
                }
                Err(panic) => Error::with(Kind::Internal, "publish an event", panic),
            };
            // Somebody refuses: that somebody else is only away must not hide it, or the event is tried for ever.
            if outcome.as_ref().err().is_none_or(Error::is_retryable) {
                outcome = Err(failure);
            }
        }
        outcome
    }

    async fn subscribe(&self, group: &str, kind: &str, handler: Arc<dyn EventHandler>) -> Result<()> {
        self.open("subscribe to events")?;
        let new = Subscription { group: group.to_owned(), ending: format!(".{kind}"), handler };
        let mut subscriptions = self.subscriptions.write().unwrap_or_else(PoisonError::into_inner);
        if subscriptions.iter().any(|one| one.group == new.group && one.ending == new.ending) {
            return Err(Error::new(Kind::Conflict, "subscribe to events"));
        }
        subscriptions.push(new);
        Ok(())
    }

    async fn dead_letters(&self, _: usize) -> Result<Vec<RefusedEvent>> {
        Ok(Vec::new())
    }

    async fn tell_again(&self, _: &str, _: Uuid) -> Result<()> {
        Err(Error::new(Kind::NotFound, "tell a dead letter again"))
    }

    async fn check(&self) -> Result<()> {
        self.open("check the broker")
    }

    async fn close(&self) {
        self.running.close();
        self.running.wait().await;
    }
}

impl MemoryBroker {
    fn open(&self, operation: &'static str) -> Result<()> {
        if self.running.is_closed() {
            Err(Error::with(Kind::Unavailable, operation, "closed"))
        } else {
            Ok(())
        }
    }

    fn subscribers_of(&self, event_type: &str) -> Vec<Subscription> {
        let subscriptions = self.subscriptions.read().unwrap_or_else(PoisonError::into_inner);
        subscriptions.iter().filter(|one| event_type.ends_with(&one.ending)).cloned().collect()
    }
}

impl Subscription {
    async fn deliver(&self, event: &EventEnvelope) -> Result<()> {
        let handled = self.handler.handle(event).await;
        if let Err(error) = &handled {
            tracing::warn!(group = self.group, event.id = %event.id, event.kind, %error, "an event was not handled");
        }
        handled
    }
}
