//! What is done again and again: when it is due, and what becomes of a time that was missed.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds};
use thiserror::Error;
use uuid::Uuid;

use crate::Timestamp;

/// A cron expression in a time zone: five fields, or six with the second in front.
#[derive(Debug, Clone)]
pub struct Cron {
    expression: croner::Cron,
    zone: Tz,
}

/// Why something is no time to do things at.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CronError {
    /// The expression.
    #[error("is no cron expression: {0}")]
    Expression(String),
    /// The time zone.
    #[error("must be the name of a time zone such as Europe/Zurich")]
    Zone,
}

impl Cron {
    /// Parses an expression (`0 30 2 * * *`) and the name of a time zone in IANA's database. Where clocks go forward, what
    /// lies in the missing hour is due when it is over; where they go back, what has a fixed time is due once.
    ///
    /// # Errors
    /// [`CronError`].
    pub fn parse(expression: &str, zone: &str) -> Result<Self, CronError> {
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        let expression =
            parser.parse(expression).map_err(|error| CronError::Expression(error.to_string()))?;
        let zone = zone.parse().map_err(|_| CronError::Zone)?;
        Ok(Self { expression, zone })
    }

    /// The first time after a moment. `None` when there is none, as for a 30th of February.
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let next = self.expression.find_next_occurrence(&moment.with_timezone(&self.zone), false);
        next.ok().map(|next| next.with_timezone(&Utc))
    }

    /// The last time until a moment, itself included.
    fn last_until(&self, moment: Timestamp) -> Option<Timestamp> {
        let last = self.expression.find_previous_occurrence(&moment.with_timezone(&self.zone), true);
        last.ok().map(|last| last.with_timezone(&Utc))
    }

    /// The time that is due at `now`, when all until `last` have been dealt with.
    pub fn due(&self, last: Timestamp, now: Timestamp, misfire: Misfire) -> Option<Timestamp> {
        let due = match misfire {
            Misfire::RunEach => self.next_after(last)?,
            Misfire::RunOnce | Misfire::Skip => self.last_until(now)?,
        };
        let in_time = misfire != Misfire::Skip || now - due <= IN_TIME;
        (due > last && due <= now && in_time).then_some(due)
    }
}

/// Later than this is missed.
const IN_TIME: TimeDelta = TimeDelta::seconds(60);

/// What becomes of times at which nobody was there to do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfire {
    /// Done once for all of them, as soon as possible.
    RunOnce,
    /// Done for each of them, one after the other.
    RunEach,
    /// Left out, when it is later than a minute.
    Skip,
}

impl Misfire {
    /// The shown form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RunOnce => "run-once",
            Self::RunEach => "run-each",
            Self::Skip => "skip",
        }
    }
}

/// How far a schedule is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleState {
    /// Which one.
    pub name: String,
    /// All times until here have been dealt with.
    pub last_tick: Timestamp,
    /// The job that was caused last.
    pub last_job: Option<Uuid>,
    /// Since when it rests.
    pub paused_at: Option<Timestamp>,
}

/// A part of `jitter`, chosen by a random number, so that not everything begins on the full hour.
pub fn spread(jitter: Duration, random: u64) -> Duration {
    let most = u64::try_from(jitter.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random % most.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn next(expression: &str, zone: &str, after: &str) -> Option<String> {
        let next = Cron::parse(expression, zone).unwrap().next_after(at(after))?;
        Some(next.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    }

    #[test]
    fn fields_may_have_seconds_and_a_zone() {
        for (expression, zone, after, expected) in [
            ("*/10 * * * * *", "UTC", "2026-01-01T00:00:10Z", "2026-01-01T00:00:20Z"),
            ("7 * * * *", "UTC", "2026-01-01T00:07:00Z", "2026-01-01T01:07:00Z"),
            ("0 30 2 * * *", "Europe/Zurich", "2026-01-01T00:00:00Z", "2026-01-01T01:30:00Z"),
            ("0 30 2 * * *", "Europe/Zurich", "2026-07-01T12:00:00Z", "2026-07-02T00:30:00Z"),
            ("0 9 * * MON", "America/New_York", "2026-01-01T00:00:00Z", "2026-01-05T14:00:00Z"),
        ] {
            assert_eq!(next(expression, zone, after).as_deref(), Some(expected), "{expression} {zone}");
        }
        assert_eq!(next("0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z"), None);
    }

    /// 2026-03-29, 02:00 to 03:00 does not exist in Zurich; on 2026-10-25 it comes twice.
    #[test]
    fn when_clocks_change_a_fixed_time_comes_once() {
        let nightly = Cron::parse("0 30 2 * * *", "Europe/Zurich").unwrap();
        let times = |from: &str, until: &str| {
            std::iter::successors(nightly.next_after(at(from)), |last| nightly.next_after(*last))
                .take_while(|time| *time < at(until))
                .count()
        };
        assert_eq!(times("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"), 1);
        assert_eq!(times("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"), 1);
    }

    #[test]
    fn nonsense_is_named() {
        for expression in ["", "* * *", "61 * * * *", "0 0 * * FOO", "@whenever"] {
            assert!(matches!(Cron::parse(expression, "UTC"), Err(CronError::Expression(_))), "{expression}");
        }
        assert_eq!(Cron::parse("* * * * *", "Mars/Olympus").unwrap_err(), CronError::Zone);
    }

    #[test]
    fn missed_times_follow_the_policy() {
        let hourly = Cron::parse("0 * * * *", "UTC").unwrap();
        let last = at("2026-01-01T08:00:00Z");
        let due = |now: &str, misfire| hourly.due(last, at(now), misfire);
        for misfire in [Misfire::RunOnce, Misfire::RunEach, Misfire::Skip] {
            assert_eq!(due("2026-01-01T08:59:59Z", misfire), None, "{misfire:?}");
            assert_eq!(due("2026-01-01T09:00:30Z", misfire), Some(at("2026-01-01T09:00:00Z")), "{misfire:?}");
            assert_eq!(due("2026-01-01T07:30:00Z", misfire), None, "a clock that went back: {misfire:?}");
        }
        let late = "2026-01-01T12:10:00Z";
        assert_eq!(due(late, Misfire::RunOnce), Some(at("2026-01-01T12:00:00Z")));
        assert_eq!(due(late, Misfire::RunEach), Some(at("2026-01-01T09:00:00Z")));
        assert_eq!(due(late, Misfire::Skip), None);
    }

    #[test]
    fn jitter_stays_within_its_bound() {
        let most = Duration::from_secs(2);
        assert!((0..5_000).all(|random| spread(most, random) <= most));
        assert_eq!(spread(most, 2_000), most);
        assert_eq!(spread(Duration::ZERO, u64::MAX), Duration::ZERO);
    }
}
