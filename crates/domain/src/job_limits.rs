//! How much of a kind of job may go on at the same time, or within a time.

use std::time::Duration;

use crate::Timestamp;

/// So many jobs may begin within any such time, plus as many again after a rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Jobs.
    pub jobs: u32,
    /// Within.
    pub per: Duration,
}

/// What limits a kind, over all workers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Jobs that run at the same time.
    pub concurrency: Option<u32>,
    /// Jobs that begin within a time.
    pub rate: Option<Rate>,
}

impl Rate {
    /// How many jobs may begin now, and when the rate will have been made up for if so many do: the generic cell rate
    /// algorithm. Times are microseconds since 1970; a `free_at` further away than one period was written by a clock
    /// that has gone back since, and does not count for longer than that.
    pub fn allows(&self, free_at: i64, now: Timestamp) -> Allowance {
        let now = now.timestamp_micros();
        let period = i64::try_from(self.per.as_micros()).unwrap_or(i64::MAX / 4);
        let each = (period / i64::from(self.jobs.max(1))).max(1);
        let from = free_at.clamp(now, now.saturating_add(period));
        Allowance { jobs: (now + period - from) / each, from, each }
    }
}

/// What a [`Rate`] lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    jobs: i64,
    from: i64,
    each: i64,
}

impl Allowance {
    /// Jobs that may begin.
    pub fn jobs(&self) -> u64 {
        self.jobs.unsigned_abs()
    }

    /// The next `free_at`, when so many have begun.
    pub fn after(&self, jobs: u64) -> i64 {
        let jobs = i64::try_from(jobs).unwrap_or(i64::MAX);
        self.from.saturating_add(self.each.saturating_mul(jobs))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn lets_through_what_it_says() {
        let rate = Rate { jobs: 10, per: Duration::from_secs(5) };
        let at =
            |millis| DateTime::from_timestamp(1_772_366_400, 0).unwrap() + TimeDelta::milliseconds(millis);
        let mut free_at = 0;
        for (millis, allowed) in [(0, 10), (0, 0), (499, 0), (500, 1), (1600, 2), (60_000, 10)] {
            let allowance = rate.allows(free_at, at(millis));
            assert_eq!(allowance.jobs(), allowed, "at {millis}");
            free_at = allowance.after(allowed);
        }
    }

    #[test]
    fn a_clock_that_goes_back_closes_for_one_period_at_most() {
        let rate = Rate { jobs: 2, per: Duration::from_secs(1) };
        let now = DateTime::from_timestamp(1_772_366_400, 0).unwrap();
        let ahead = (now + TimeDelta::hours(5)).timestamp_micros();
        let closed = rate.allows(ahead, now);
        assert_eq!(closed.jobs(), 0);
        assert_eq!(rate.allows(closed.after(0), now + TimeDelta::seconds(1)).jobs(), 2);
    }
}
