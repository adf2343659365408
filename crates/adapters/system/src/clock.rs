//! The wall clock.

use chrono::{SubsecRound, Utc};
use domain::Timestamp;
use ports::Clock;

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the one place that the ban points to")]
    fn now(&self) -> Timestamp {
        Utc::now().trunc_subsecs(3)
    }
}
