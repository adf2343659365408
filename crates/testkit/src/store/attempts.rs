//! [`ports::LoginAttempts`].

use std::time::Duration;

use domain::{Attempts, Lockout};

use crate::bench::Bench;
use crate::samples::{at, at_millis};

const RULE: Lockout = Lockout { max_failures: 5, window: Duration::from_secs(60) };
const ADA: &[u8] = &[0, 255, 1];
const NET: &str = "203.0.113.0/24";

fn counted(failures: i32, window_ends_at: i64) -> Attempts {
    Attempts { failures, window_ends_at: at(window_ends_at) }
}

/// "What has been counted." "Counts one failure."
pub async fn counts_within_a_window(bench: &Bench) {
    let attempts = bench.store.login_attempts();
    assert_eq!(attempts.get(ADA, NET).await.unwrap(), None);
    for (failure, now) in [(1, 0), (2, 30), (3, 59)] {
        // The window runs from the first failure.
        assert_eq!(attempts.fail(ADA, NET, &RULE, at(now)).await.unwrap(), counted(failure, 60));
    }
    assert_eq!(attempts.get(ADA, NET).await.unwrap(), Some(counted(3, 60)));
    assert_eq!(attempts.get(ADA, "198.51.100.0/24").await.unwrap(), None);
    assert_eq!(attempts.get(&[0, 255, 2], NET).await.unwrap(), None);
}

/// "Begins a new window when the old one has ended." "Expired windows included."
pub async fn begins_a_new_window_when_the_old_one_has_ended(bench: &Bench) {
    let attempts = bench.store.login_attempts();
    attempts.fail(ADA, NET, &RULE, at(0)).await.unwrap();
    attempts.fail(ADA, NET, &RULE, at_millis(59_999)).await.unwrap();
    assert_eq!(attempts.get(ADA, NET).await.unwrap(), Some(counted(2, 60)), "however long ago");
    assert_eq!(attempts.fail(ADA, NET, &RULE, at(60)).await.unwrap(), counted(1, 120));
    assert_eq!(attempts.get(ADA, NET).await.unwrap(), Some(counted(1, 120)));
}

/// "Counts one failure, atomically."
pub async fn failures_at_the_same_time_all_count(bench: &Bench) {
    let failures = (0..20).map(|_| {
        let store = bench.store.clone();
        tokio::spawn(
            async move { store.login_attempts().fail(ADA, NET, &RULE, at(0)).await.unwrap().failures },
        )
    });
    let mut seen = Vec::new();
    for failure in failures.collect::<Vec<_>>() {
        seen.push(failure.await.unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..=20).collect::<Vec<_>>(), "each saw its own number");
}

/// "Kept outside the unit of work, because they must outlive its rollback."
pub async fn outlives_the_rollback_of_a_unit_of_work(bench: &Bench) {
    bench.store.login_attempts().fail(ADA, NET, &RULE, at(0)).await.unwrap();
    let tx = bench.begin().await;
    tx.login_attempts().clear(ADA, NET).await.unwrap();
    drop(tx);
    assert_eq!(bench.store.login_attempts().get(ADA, NET).await.unwrap(), Some(counted(1, 60)));
}

/// "Forgets what has been counted."
pub async fn clears_one_identifier_and_network(bench: &Bench) {
    let attempts = bench.store.login_attempts();
    attempts.fail(ADA, NET, &RULE, at(0)).await.unwrap();
    attempts.fail(ADA, "elsewhere", &RULE, at(0)).await.unwrap();
    attempts.clear(ADA, NET).await.unwrap();
    attempts.clear(ADA, NET).await.unwrap();
    assert_eq!(attempts.get(ADA, NET).await.unwrap(), None);
    assert_eq!(attempts.get(ADA, "elsewhere").await.unwrap(), Some(counted(1, 60)));
}

/// "Failed logins, to forget them together with a successful one."
pub async fn clears_with_the_unit_of_work(bench: &Bench) {
    bench.store.login_attempts().fail(ADA, NET, &RULE, at(0)).await.unwrap();
    bench.commit(async |tx| tx.login_attempts().clear(ADA, NET).await).await;
    assert_eq!(bench.store.login_attempts().get(ADA, NET).await.unwrap(), None);
}

/// "Removes windows that ended before `before`; at most `limit`. How many."
pub async fn purge_removes_ended_windows(bench: &Bench) {
    let attempts = bench.store.login_attempts();
    for network in ["a", "b", "c"] {
        attempts.fail(ADA, network, &RULE, at(0)).await.unwrap();
    }
    attempts.fail(ADA, "later", &RULE, at(1)).await.unwrap();
    assert_eq!(attempts.purge(at(60), 10).await.unwrap(), 0);
    assert_eq!(attempts.purge(at(61), 2).await.unwrap(), 2);
    assert_eq!(attempts.purge(at(61), 2).await.unwrap(), 1);
    assert_eq!(attempts.get(ADA, "later").await.unwrap(), Some(counted(1, 61)));
}
