//! The loop that runs jobs.

use crate::config::{QueueName, section::section};

section! {
    /// Who runs jobs, and how many at a time.
    pub struct WorkerConfig in worker {
        /// Whether the API runs jobs too; otherwise only `mainstay-worker` does.
        embedded: bool = PerEnvironment { local: "true", deployed: "false" };
        /// Port of a worker's liveness, readiness and metrics; empty is off.
        health_port: Option<u16> = Unset, range 0..=65_535;
        /// Jobs that run at the same time.
        concurrency: usize = Fixed("10"), range 1..=1000;
        /// Queues that are worked on.
        queues: Vec<QueueName> = Fixed("default,mail");
    }
}
