//! What tests of several crates share: a conformance suite per port, fakes that pass them, and the question
//! whether a real server answers.
//!
//! A suite is a set of functions plus one macro that turns them into tests, so that an adapter runs it with
//! one line and a failure names the sentence of the contract that does not hold.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this crate is only linked into tests")]
#![allow(clippy::missing_panics_doc, reason = "panicking is how a check fails")]

pub mod authenticator;
pub mod bench;
pub mod blobs;
pub mod broker;
pub mod cache;
pub mod clock;
pub mod cluster;
pub mod columns;
mod databases;
pub mod fakes;
pub mod jobs;
mod listing;
pub mod locks;
pub mod mailer;
pub mod mirror;
pub mod mysql;
pub mod nats;
pub mod outbox;
pub mod poll;
pub mod postgres;
mod process;
pub mod rabbitmq;
pub mod redis;
pub mod s3;
mod samples;
pub mod services;
pub mod store;
pub mod temp;
