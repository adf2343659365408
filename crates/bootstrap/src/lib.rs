//! Configuration and the composition root: the only crate that names adapters.
//!
//! `drivers` says which scheme of a URL means which adapter; `core` builds what every process shares; `api`
//! and `worker` are the two long-running processes, `operator` what the command line does.

pub mod api;
pub mod config;
mod core;
mod drivers;
mod fail_points;
pub mod operator;
mod process;
mod stop;
mod welcome;
pub mod worker;

pub use core::Overrides;
pub use process::{Program, configure, run};
