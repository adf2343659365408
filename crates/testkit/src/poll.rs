//! Waiting for a state: by looking, with a deadline, never by sleeping and hoping.

use std::future::poll_fn;
use std::task::Poll;
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

/// The same where looking takes no waiting.
///
/// # Panics
/// As [`eventually`].
pub async fn eventually_seen<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look() {
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

/// Drops the work when it has been polled so often and wants to go on: what happens to a request whose caller has
/// gone away. Polls count await points, which clocks can't hit.
pub async fn cut_short<T>(polls: u32, work: impl Future<Output = T>) -> Option<T> {
    let mut work = Box::pin(work);
    let mut left = polls;
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}
