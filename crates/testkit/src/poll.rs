//! Waiting for a state: by looking, with a deadline, never by sleeping and hoping.

use std::time::{Duration, Instant};

/// Looks until `look` finds something, and fails when it has not by the deadline.
///
/// # Panics
/// When the time is over; `what` says what did not happen.
pub async fn eventually<T>(what: &str, within: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The result, which must be there within the time: something that must not wait for something else.
///
/// # Panics
/// When it is not.
pub async fn promptly<T>(what: &str, within: Duration, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(within, work).await.unwrap_or_else(|_| panic!("blocked: {what}"))
}
