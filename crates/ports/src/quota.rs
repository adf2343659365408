//! How often something may happen, and what came of asking.

use std::time::Duration;

/// `limit` times at once, and once more with each `limit`th part of the period that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How often at once; at least once.
    pub limit: u32,
    /// In which so much comes back.
    pub period: Duration,
}

/// What came of asking for one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Whether it may happen.
    pub granted: bool,
    /// How often it may happen again at once.
    pub left: u32,
    /// When it may happen again; nothing when that is at once.
    pub retry_after: Duration,
    /// When it may happen as often as the quota says.
    pub full_after: Duration,
}

impl Quota {
    /// The period in microseconds, the unit of all reckoning here.
    pub fn period_micros(&self) -> u64 {
        u64::try_from(self.period.as_micros()).unwrap_or(u64::MAX).clamp(1, u64::MAX >> 16)
    }

    /// What one more costs, in microseconds.
    pub fn step_micros(&self) -> u64 {
        (self.period_micros() / u64::from(self.limit.max(1))).max(1)
    }

    /// The generic cell rate algorithm (ITU-T I.371, annex A, as virtual scheduling): given the debt, in microseconds
    /// until all is paid back, whether `count` more are granted, and the debt after that. None are always granted.
    pub fn ask(&self, debt: u64, count: u32) -> (bool, u64) {
        let after = debt.saturating_add(self.step_micros().saturating_mul(count.into()));
        if count > 0 && after > self.period_micros() { (false, debt) } else { (true, after) }
    }

    /// What to tell somebody who has asked, given the debt after that.
    pub fn allowance(&self, granted: bool, debt: u64) -> Allowance {
        let (period, step) = (self.period_micros(), self.step_micros());
        let left = period.saturating_sub(debt) / step;
        Allowance {
            granted,
            left: u32::try_from(left).unwrap_or(u32::MAX),
            retry_after: Duration::from_micros(debt.saturating_add(step).saturating_sub(period)),
            full_after: Duration::from_micros(debt),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota { limit: 3, period: Duration::from_secs(60) };
    const SECOND: u64 = 1_000_000;

    #[test]
    fn so_many_at_once_and_then_one_with_each_part_of_the_period() {
        let mut debt = 0;
        for left in [2, 1, 0] {
            let (granted, after) = QUOTA.ask(debt, 1);
            assert_eq!(QUOTA.allowance(granted, after).left, left);
            debt = after;
        }
        assert_eq!(QUOTA.ask(debt, 1), (false, 60 * SECOND));
        let refused = QUOTA.allowance(false, debt);
        assert_eq!(
            (refused.retry_after, refused.full_after),
            (Duration::from_secs(20), Duration::from_secs(60))
        );
        assert_eq!(QUOTA.ask(debt - 20 * SECOND + 1, 1), (false, 40 * SECOND + 1));
        assert_eq!(QUOTA.ask(debt - 20 * SECOND, 1), (true, 60 * SECOND));
    }

    #[test]
    fn several_are_granted_together_or_not_at_all() {
        assert_eq!(QUOTA.ask(20 * SECOND, 2), (true, 60 * SECOND));
        assert_eq!(QUOTA.ask(20 * SECOND + 1, 2), (false, 20 * SECOND + 1));
        assert_eq!(QUOTA.ask(60 * SECOND, 0), (true, 60 * SECOND));
    }

    /// However slowly it is asked for, no more comes through than the quota lets.
    #[test]
    fn over_many_periods_no_more_is_granted_than_the_quota() {
        for every in [SECOND / 7, SECOND, 19 * SECOND] {
            let (mut debt, mut granted) = (0_u64, 0_u64);
            let calls = 600 * SECOND / every;
            for _ in 0..calls {
                let (yes, after) = QUOTA.ask(debt, 1);
                granted += u64::from(yes);
                debt = after.saturating_sub(every);
            }
            assert!(granted <= 3 + 30, "{granted} in ten periods, one asked for every {every} us");
            assert!(granted >= 30, "{granted} in ten periods, one asked for every {every} us");
        }
    }

    #[test]
    fn a_limit_that_does_not_divide_the_period_is_kept() {
        let quota = Quota { limit: 7, ..QUOTA };
        let mut debt = 0;
        for asked in 1..=8 {
            let (granted, after) = quota.ask(debt, 1);
            assert_eq!(granted, asked <= 7, "{asked}");
            debt = after;
        }
    }
}
