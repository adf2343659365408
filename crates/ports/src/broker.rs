//! The event broker.

use std::sync::Arc;

use async_trait::async_trait;
use domain::EventEnvelope;

use crate::Result;

/// Takes events. Delivery is at least once: the same id may come again.
#[async_trait]
pub trait EventHandler: Send + Sync {
    /// Handles one event. An error means that it is delivered again.
    ///
    /// # Errors
    /// Any. A retryable one says that the consumer is away, another one that it refuses this event: after some tries
    /// it is left as a dead letter.
    async fn handle(&self, event: &EventEnvelope) -> Result<()>;
}

/// Carries events to whoever subscribed.
#[async_trait]
pub trait EventBroker: Send + Sync {
    /// Returns when the broker has taken responsibility for the event.
    ///
    /// # Errors
    /// `Unavailable` when it has not, and may take it later unchanged; another kind when it refuses this event.
    async fn publish(&self, event: &EventEnvelope) -> Result<()>;
    /// Subscribes a group to events whose type ends in `.<kind>`. Within a group each event is handled by one
    /// member, once a member has handled it without an error.
    ///
    /// # Errors
    /// `Conflict` when this process has subscribed the group to the kind already.
    async fn subscribe(&self, group: &str, kind: &str, handler: Arc<dyn EventHandler>) -> Result<()>;
}
