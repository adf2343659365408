//! End to end: the real application through real HTTP, over every profile whose servers answer.
//!
//! `harness` starts it and speaks to it; each other module is one subject of the contract. One crate, one test
//! binary: linking is what costs on a small machine.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "panicking is how a check fails")]
#![allow(clippy::print_stderr, reason = "a skipped test and a measured time have to be seen")]

mod architecture;
mod harness;

mod account;
mod activity;
mod addresses;
mod api_keys;
mod audit;
mod backup;
mod bad_input;
mod contention;
mod devices;
mod edge;
mod enumeration;
mod idempotency;
mod invitations;
mod job_control;
mod jobs;
mod journey;
mod limits;
mod lists;
mod lockout;
mod logs;
mod matrix;
mod mfa;
mod oauth;
mod operations;
mod passkeys;
mod passwords;
mod people;
mod processes;
mod refresh;
mod roles;
mod rotation;
mod schedules;
mod seeding;
mod sessions;
mod statements;
mod tenant_archives;
mod tenants;
mod tls;
mod tokens;
mod users;
