//! The event broker on RabbitMQ.
//!
//! One topic exchange takes events, a quorum queue per group and kind keeps them, and one queue keeps dead letters. A
//! queue has a single active consumer, and the others of the group stand by: this is what keeps a subject in order.
//! [`address`] reads URLs, [`door`] connects and says what is called how, [`broker`] is what is said over it,
//! [`consumer`] listens.
//! **Invariant:** a server that is away or hangs costs its callers a time limit; no caller connects.

mod address;
mod broker;
mod consumer;
mod door;

#[cfg(test)]
mod tests;

pub use broker::RabbitBroker;
