//! What a concurrent unit of work has undone (a deadlock, a serialization failure) is done again before anybody hears
//! of it. The database has rolled all of it back, so nothing of a lost try remains.

use std::time::Duration;

use ports::Random;

use crate::{Core, Result};

/// Tries altogether. Who has lost so often is part of a crowd, and had better come back later.
const TRIES: u32 = 3;
/// The longest pause before the second try; twice as long before the third.
const PAUSE: Duration = Duration::from_millis(20);

impl Core {
    /// Does one unit of work, again when something concurrent has undone it.
    pub(crate) async fn again<T, F>(&self, attempt: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.again_while(attempt, |outcome| matches!(outcome, Err(error) if error.is_contended())).await
    }

    /// The same for whatever can tell that it has `lost`.
    pub(crate) async fn again_while<T, F>(&self, attempt: impl Fn() -> F, lost: impl Fn(&T) -> bool) -> T
    where
        F: Future<Output = T>,
    {
        again(attempt, lost, |number| pause(&*self.random, number)).await
    }
}

async fn again<T, F>(attempt: impl Fn() -> F, lost: impl Fn(&T) -> bool, pause: impl Fn(u32) -> Duration) -> T
where
    F: Future<Output = T>,
{
    for number in 1..TRIES {
        let outcome = attempt().await;
        if !lost(&outcome) {
            return outcome;
        }
        tracing::debug!(number, "a concurrent unit of work has undone this one; it is done again");
        drop(outcome);
        tokio::time::sleep(pause(number)).await;
    }
    attempt().await
}

/// Of different length for those who have met, so that they don't meet again.
fn pause(random: &dyn Random, number: u32) -> Duration {
    let mut chance = [u8::MAX];
    // Without randomness the longest pause will do.
    let _ = random.fill(&mut chance);
    PAUSE * number * (u32::from(chance[0]) + 1) / 256
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use testkit::fakes::SeededRandom;

    use super::*;

    async fn tries_until(success: u32) -> (u32, bool) {
        let count = Cell::new(0);
        let attempt = || async {
            count.set(count.get() + 1);
            count.get() >= success
        };
        let succeeded = again(attempt, |succeeded| !succeeded, |_| Duration::ZERO).await;
        (count.get(), succeeded)
    }

    #[tokio::test]
    async fn the_lost_come_again_but_not_for_ever() {
        assert_eq!(tries_until(1).await, (1, true));
        assert_eq!(tries_until(3).await, (3, true));
        assert_eq!(tries_until(4).await, (3, false));
    }

    #[test]
    fn pauses_differ_and_are_bounded() {
        let random = SeededRandom::default();
        let pauses: Vec<_> = (0..8).map(|_| pause(&random, 2)).collect();
        assert!(pauses.iter().all(|pause| !pause.is_zero() && *pause <= 2 * PAUSE), "{pauses:?}");
        assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{pauses:?}");
    }
}
