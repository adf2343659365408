//! The event broker on NATS JetStream.
//!
//! One stream keeps events until every group has handled them, another one keeps dead letters. A group has a durable
//! consumer per kind and lane, which has one event in hand at a time, whoever of its members has it: this is what keeps
//! a subject in order. [`address`] reads URLs, [`door`] connects, [`names`] says what is called how, [`broker`] is what
//! is said over it, [`consumer`] listens.
//! **Invariant:** a server that is away or hangs costs its callers a time limit; no caller connects.

mod address;
mod broker;
mod consumer;
mod door;
mod names;

#[cfg(test)]
mod tests;

pub use broker::NatsBroker;
