//! The programs that ship: how they start, stop, fall and come back.

mod brokers;
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

use serde_json::json;

use crate::harness::{PATIENCE, Program, holds};

/// Waits until the health report says this of everything, and this of one component.
async fn reports(program: &Program, all: &str, component: &str, status: &str) {
    let wanted = (json!(all), json!(status));
    holds("the health report", PATIENCE, async || {
        let report = program.get("/health").gives(200).await.json();
        (report["status"].clone(), report["components"][component]["status"].clone()) == wanted
    })
    .await;
}
