//! Waiting for a state, with a deadline.

use std::time::{Duration, Instant};

/// For states that follow at once on an idle machine; generous, because test machines are not idle.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until there is an answer.
///
/// # Panics
/// When there is none in time; `what` says what was waited for.
pub(crate) async fn eventually<T>(what: &str, within: Duration, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(begun.elapsed() < within, "{what}: not within {within:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until a condition holds; how long that took.
pub(crate) async fn holds(what: &str, within: Duration, mut probe: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    eventually(what, within, async || probe().await.then_some(())).await;
    begun.elapsed()
}
