//! Waiting for a state, with a deadline.

use std::time::{Duration, Instant};

pub(crate) use testkit::poll::eventually;

/// For states that follow at once on an idle machine; generous, because test machines are not idle.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until a condition holds; how long that took.
pub(crate) async fn holds(what: &str, within: Duration, mut probe: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    eventually(what, within, async || probe().await.then_some(())).await;
    begun.elapsed()
}
