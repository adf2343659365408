//! Work that must not be done twice at the same time, over all processes.

use std::time::{Duration, Instant};

use ports::{Chain, Error as PortError, Kind, Lease, Locks};

use crate::{Core, Error, Result};

/// How long a lock is held without being renewed: the wait after a killed holder.
const LEASE: Duration = Duration::from_secs(30);

impl Core {
    /// Does the work while holding the lock of this name, renewed for as long as it takes. `None` when somebody else
    /// is at it. When the lease is lost the work is dropped where it stands; what it writes has to pass the fence
    /// under its lease ([`crate::Work::under`]), because it may be told too late.
    pub(crate) async fn exclusively<T>(
        &self,
        name: &str,
        work: impl AsyncFnOnce(&Lease) -> Result<T>,
    ) -> Result<Option<T>> {
        hold(&*self.locks, name, LEASE, work).await
    }
}

async fn hold<T>(
    locks: &dyn Locks,
    name: &str,
    ttl: Duration,
    work: impl AsyncFnOnce(&Lease) -> Result<T>,
) -> Result<Option<T>> {
    // From before the question: the server's clock starts later.
    let begun = Instant::now();
    let Some(lease) = locks.acquire(name, ttl).await? else { return Ok(None) };
    let done = tokio::select! {
        done = work(&lease) => done,
        lost = renewed(locks, &lease, ttl, begun) => {
            tracing::warn!(lock = name, error = %Chain(&lost), "the lease was lost, the work is given up");
            return Err(Error::Unavailable(lost));
        }
    };
    if let Err(error) = locks.release(&lease).await {
        tracing::debug!(lock = name, error = %Chain(&error), "the lock will be free when its time is over");
    }
    done.map(Some)
}

/// Renews three times as often as needed; ends when the lease is lost, or may be by this process's own clock.
async fn renewed(locks: &dyn Locks, lease: &Lease, ttl: Duration, mut good_from: Instant) -> PortError {
    loop {
        tokio::time::sleep(ttl / 3).await;
        let asked = Instant::now();
        let left = (good_from + ttl).saturating_duration_since(asked);
        let lost = |source| PortError::with(Kind::Unavailable, "hold a lock", source);
        match tokio::time::timeout(left, locks.renew(lease, ttl)).await {
            Ok(Ok(())) => good_from = asked,
            Ok(Err(error)) if error.kind() == Kind::Precondition => return lost(error),
            Ok(Err(error)) if good_from.elapsed() >= ttl => return lost(error),
            Ok(Err(_)) => {}
            Err(_) => return PortError::new(Kind::Unavailable, "hold a lock"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use testkit::poll::{eventually, promptly};

    use super::*;

    const SOON: Duration = Duration::from_secs(10);
    const BRIEF: Duration = Duration::from_millis(30);

    /// One lock, whose renewals answer as they are told.
    #[derive(Default)]
    struct OneLock {
        held: Mutex<bool>,
        renewals: AtomicU32,
        failure: Mutex<Option<Kind>>,
    }

    #[async_trait]
    impl Locks for OneLock {
        async fn acquire(&self, name: &str, _: Duration) -> ports::Result<Option<Lease>> {
            let free = !std::mem::replace(&mut *self.held.lock().unwrap(), true);
            Ok(free.then(|| Lease { name: name.to_owned(), token: 1 }))
        }

        async fn renew(&self, _: &Lease, _: Duration) -> ports::Result<()> {
            self.renewals.fetch_add(1, Ordering::SeqCst);
            match *self.failure.lock().unwrap() {
                Some(kind) => Err(PortError::new(kind, "renew")),
                None => Ok(()),
            }
        }

        async fn release(&self, _: &Lease) -> ports::Result<()> {
            *self.held.lock().unwrap() = false;
            Ok(())
        }
    }

    #[tokio::test]
    async fn one_does_it_and_the_other_hears_that_it_is_done() {
        let locks = OneLock::default();
        let outcome = hold(&locks, "a", SOON, async |_| {
            assert!(hold(&locks, "a", SOON, async |_| Ok(())).await.unwrap().is_none());
            Ok(7)
        });
        assert_eq!(outcome.await.unwrap(), Some(7));
        assert_eq!(hold(&locks, "a", SOON, async |_| Ok(8)).await.unwrap(), Some(8), "it is free again");
    }

    #[tokio::test]
    async fn a_failure_frees_the_lock() {
        let locks = OneLock::default();
        hold(&locks, "a", SOON, async |_| Err::<(), _>(Error::Conflict)).await.unwrap_err();
        assert!(hold(&locks, "a", SOON, async |_| Ok(())).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn long_work_is_renewed() {
        let locks = OneLock::default();
        let work = async |_: &Lease| {
            eventually("renewals", SOON, async || (locks.renewals.load(Ordering::SeqCst) > 4).then_some(()))
                .await;
            Ok(())
        };
        assert!(hold(&locks, "a", BRIEF, work).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn work_whose_lease_is_lost_is_given_up() {
        // Lost for sure, and in doubt for as long as the lease lasts.
        for kind in [Kind::Precondition, Kind::Unavailable] {
            let locks = OneLock { failure: Mutex::new(Some(kind)), ..OneLock::default() };
            let endless = async |_: &Lease| std::future::pending::<Result<()>>().await;
            let given_up = promptly("the end of the work", SOON, hold(&locks, "a", BRIEF, endless)).await;
            assert!(matches!(given_up, Err(Error::Unavailable(_))), "{given_up:?}");
        }
    }
}
