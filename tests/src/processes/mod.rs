//! The programs that ship: how they start, stop, fall and come back.

mod cache_outage;
mod chaos;
mod cluster;
mod crash;
mod dead_letters;
mod fail_points;
mod job_commands;
mod lifecycle;
mod oauth;
mod outage;
mod replicas;
mod revocation;
mod rights;
mod roles;
