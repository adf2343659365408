//! Chance that repeats: the same seed and number give the same row, on every machine and in every release.

use chrono::{DateTime, TimeDelta};
use domain::{Base, Timestamp};
use uuid::{Builder, Uuid};

/// 2025-01-01T00:00:00Z.
const BEGINNING: i64 = 1_735_689_600;
/// Seconds between two newcomers; [`super::MOST_USERS`] of them make less than a year.
const PACE: i64 = 3;

/// Which kind of row a number is of: things with the same number have nothing else in common.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Tenant = 1,
    Role,
    User,
    Credential,
    Membership,
    Session,
    Audit,
    Job,
}

/// An internal id, far below those that are given at run time: the first snowflake of 2026 is larger than all.
pub(super) fn id(seed: u16, number: u32) -> i64 {
    (i64::from(seed) + 1) << 32 | i64::from(number)
}

/// Id, public id and times of a row.
pub(super) fn base(seed: u16, kind: Kind, number: u32, at: Timestamp) -> Base {
    Base::new(id(seed, number), uuid(seed, kind, number, at), at)
}

/// A UUIDv7 whose random part is not.
pub(super) fn uuid(seed: u16, kind: Kind, number: u32, at: Timestamp) -> Uuid {
    let (high, low) = (roll(seed, kind, number, 0), roll(seed, kind, number, 1));
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&high.to_be_bytes());
    bytes[8..].copy_from_slice(&low.to_be_bytes()[..2]);
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

/// When the thing of that number came into being.
pub(super) fn born(number: u32) -> Timestamp {
    let beginning = DateTime::from_timestamp(BEGINNING, 0).unwrap_or_default();
    beginning + TimeDelta::seconds(PACE * i64::from(number))
}

/// A number that looks random: SplitMix64 over what it is about.
pub(super) fn roll(seed: u16, kind: Kind, number: u32, about: u16) -> u64 {
    let about = u64::from(seed) << 48 | (kind as u64) << 40 | u64::from(number) << 8 | u64::from(about);
    let state = about.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// One of a list.
pub(super) fn pick<T: Copy>(list: &[T], roll: u64) -> Option<T> {
    let length = u64::try_from(list.len()).unwrap_or(u64::MAX).max(1);
    usize::try_from(roll % length).ok().and_then(|at| list.get(at)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A demo is the same in each release: what was loaded before stays what it was.
    #[test]
    fn rows_are_what_they_always_were() {
        assert_eq!(id(1, 7), 8_589_934_599);
        assert_eq!(born(100).to_rfc3339(), "2025-01-01T00:05:00+00:00");
        assert_eq!(uuid(1, Kind::User, 7, born(7)).to_string(), "01941f29-ce08-7bca-a821-4cc34e46d44d");
    }

    #[test]
    fn no_two_rows_are_alike() {
        let kinds = [Kind::Tenant, Kind::User, Kind::Job];
        let mut rolls: Vec<u64> = Vec::new();
        for seed in [0, 1, super::super::LAST_SEED] {
            rolls.extend(
                kinds.iter().flat_map(|kind| (0..2_000).map(move |number| roll(seed, *kind, number, 0))),
            );
        }
        let all = rolls.len();
        rolls.sort_unstable();
        rolls.dedup();
        assert_eq!(rolls.len(), all);
    }

    /// The latest of all ids is below the first that a running process could give.
    #[test]
    fn ids_stay_below_those_of_running_processes() {
        let highest = id(super::super::LAST_SEED, u32::MAX);
        // 41 bits of milliseconds since 2026 stand above 22 others: an hour and a quarter, before there was a Mainstay.
        assert!(highest >> 22 < 75 * 60 * 1000, "{}", highest >> 22);
    }
}
