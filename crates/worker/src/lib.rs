//! Runs what happens in the background: jobs, events, the rescue of fallen workers, recurring work.
//!
//! **Invariant:** inbound adapter, like `http`: it knows use cases and ports, no driver. The same loop runs
//! inside the API in development and alone in `mainstay-worker`.

mod events;
mod execute;
mod handlers;
mod pulse;
mod queue;
mod registry;
mod relay;
mod rescue;
mod schedules;
mod stopping;
mod worker;

pub use registry::{JobError, Registry, Running};
pub use worker::{Settings, Worker};
