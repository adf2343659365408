//! What a provider publishes, kept for a while by each process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use ports::Result;

/// One value and when it was read. Two that find it too old both read it: a provider that hangs then keeps each of them
/// waiting once, and not one after the other.
pub(crate) struct Kept<T>(Mutex<Option<(Timestamp, Arc<T>)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Kept<T> {
    /// The value, read anew when it is older than `age`. One that can't be read anew is better old than not at all.
    pub(crate) async fn get(
        &self,
        now: Timestamp,
        age: Duration,
        read: impl AsyncFnOnce() -> Result<T>,
    ) -> Result<Arc<T>> {
        let kept = self.slot().clone();
        if let Some((at, value)) = &kept
            && now < *at + age
        {
            return Ok(Arc::clone(value));
        }
        match (read().await, kept) {
            (Ok(value), _) => {
                let value = Arc::new(value);
                *self.slot() = Some((now, Arc::clone(&value)));
                Ok(value)
            }
            (Err(_), Some((_, old))) => Ok(old),
            (Err(error), None) => Err(error),
        }
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<(Timestamp, Arc<T>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
