//! What a task is about, for whoever watches the other side.

use std::sync::Arc;

/// In the course of what a task runs. Names alone, of which there are few: no id, nothing that a caller chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// The template of a request's path, `/api/v1/jobs/{id}`.
    pub route: Option<String>,
    /// What is done: `jobs.get`, the kind of a job.
    pub use_case: String,
}

/// Who knows what the calling task is about.
pub trait Errands: Send + Sync {
    /// `None` for a task that nobody has given an errand.
    fn current(&self) -> Option<Arc<Errand>>;
}
