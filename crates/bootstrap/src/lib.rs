
//! Configuration and the composition root: the only crate that names adapters.

pub mod config;
