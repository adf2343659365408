//! The event broker.

use crate::config::{SecretUrl, section::section};

section! {
    /// Where domain events are published.
    pub struct BrokerConfig in broker {
        /// Event broker: `memory://` (reaches this process only), `nats://a,b`, `amqp://host/vhost`, `amqps://`; `?prefix=`.
        url: SecretUrl = Fixed("memory://"), alias "NATS_URL";
    }
}
