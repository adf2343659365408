//! A clock that stands still until it is told otherwise.

use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta};
use domain::Timestamp;
use ports::Clock;

/// Time in the hands of the test.
pub struct FixedClock(Mutex<Timestamp>);

impl FixedClock {
    /// A clock that stands at `now`, cut to milliseconds like every clock.
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now.trunc_subsecs(3)))
    }

    /// Puts it to another time, forwards or back.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap() = now.trunc_subsecs(3);
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let now = self.now() + TimeDelta::from_std(by).unwrap();
        self.set(now);
    }
}

/// Stands at 2026-03-01T12:00:00Z.
impl Default for FixedClock {
    fn default() -> Self {
        Self::at(DateTime::from_timestamp(1_772_366_400, 0).unwrap())
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}
