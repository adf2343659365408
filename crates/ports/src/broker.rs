//! The event broker.

use std::sync::Arc;

use async_trait::async_trait;
use domain::EventEnvelope;
use uuid::Uuid;

use crate::Result;

/// Takes events. Delivery is at least once: the same id may come again.
#[async_trait]
pub trait EventHandler: Send + Sync {
    /// Handles one event. An error means that it is delivered again; so does a panic, which counts as a refusal.
    ///
    /// # Errors
    /// Any. A retryable one says that the consumer is away, another one that it refuses this event: after some tries
    /// it is left as a dead letter.
    async fn handle(&self, event: &EventEnvelope) -> Result<()>;
}

/// What a broker is able to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerCapabilities {
    /// Whether events outlive their publisher: they are kept until each group has handled them, and what a group
    /// refuses becomes a dead letter here. Where they are not, publishing waits for all groups and fails when one of
    /// them does; whoever publishes keeps the event and tries again.
    pub keeps: bool,
}

/// An event that a group has refused too often.
#[derive(Debug, Clone, PartialEq)]
pub struct RefusedEvent {
    /// Which group.
    pub group: String,
    /// The kind it subscribed to.
    pub kind: String,
    /// How often.
    pub refusals: i32,
    /// The last refusal, for operators.
    pub reason: String,
    /// The event.
    pub event: EventEnvelope,
}

/// Carries events to whoever subscribed. Handles in several processes reach the same groups, unless the broker is one
/// that lives in a process.
///
/// Events of one subject and kind reach a group in the order in which they were published, as long as their publisher
/// waited for each. One that is told again holds up those behind it, until it has become a dead letter.
#[async_trait]
pub trait EventBroker: Send + Sync {
    /// What it is able to.
    fn capabilities(&self) -> BrokerCapabilities;
    /// Returns when the broker has taken responsibility for the event. One that no group has subscribed to is let go.
    ///
    /// # Errors
    /// `Unavailable` when it has not, and may take it later unchanged; another kind when it refuses this event.
    async fn publish(&self, event: &EventEnvelope) -> Result<()>;
    /// Subscribes a group to events whose type ends in `.<kind>`. Within a group each event is handled by one
    /// member, once a member has handled it without an error. A server that is away is no error: what the group has
    /// missed, and what is published later, comes once it is back.
    ///
    /// # Errors
    /// `Conflict` when this process has subscribed the group to the kind already; `Unavailable` once closed.
    async fn subscribe(&self, group: &str, kind: &str, handler: Arc<dyn EventHandler>) -> Result<()>;
    /// Up to so many dead letters, oldest first. None where events are not kept.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn dead_letters(&self, limit: usize) -> Result<Vec<RefusedEvent>>;
    /// Tells a dead letter again to the group that refused it, and to no other, with all its tries before it.
    ///
    /// # Errors
    /// `NotFound` when no dead letter of this group is that event; `Unavailable`.
    async fn tell_again(&self, group: &str, event: Uuid) -> Result<()>;
    /// Whether the broker answers.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn check(&self) -> Result<()>;
    /// Takes no more events, and returns when running handlers have ended. What has not been handled is left to
    /// other members, or to those that subscribe later. Dropping a broker without this is as a crash: what was in
    /// hand is told again.
    async fn close(&self);
}
