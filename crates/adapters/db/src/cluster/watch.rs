//! Watching things stand still, on the observer's own monotonic clock.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use uuid::Uuid;

/// Since when each watched holder's mark has been the same.
pub(crate) struct Watch {
    longest_gap: Duration,
    last: Option<Instant>,
    seen: HashMap<Uuid, (i64, Instant)>,
}

impl Watch {
    /// A watch whose observations come at least that often. After a longer gap (this process was suspended) a
    /// mark that has not moved proves nothing: the other one may have been suspended with it.
    pub(crate) fn fed_every(longest_gap: Duration) -> Self {
        Self { longest_gap, last: None, seen: HashMap::new() }
    }

    /// Takes note of all marks as they are now. Who is not among them is forgotten.
    pub(crate) fn observe(&mut self, current: impl Iterator<Item = (Uuid, i64)>, now: Instant) {
        if !self.is_fresh(now) {
            self.seen.clear();
        }
        self.last = Some(now);
        let seen = &self.seen;
        let still = |holder: &Uuid, mark: i64| seen.get(holder).filter(|(before, _)| *before == mark);
        self.seen = current
            .map(|(holder, mark)| (holder, (mark, still(&holder, mark).map_or(now, |(_, since)| *since))))
            .collect();
    }

    /// Those whose mark has not moved for so long.
    pub(crate) fn still_for(&self, long: Duration, now: Instant) -> Vec<(Uuid, i64)> {
        if !self.is_fresh(now) {
            return Vec::new();
        }
        let still = self.seen.iter().filter(|(_, (_, since))| now.duration_since(*since) >= long);
        still.map(|(holder, (mark, _))| (*holder, *mark)).collect()
    }

    /// Begins to watch this one anew.
    pub(crate) fn forget(&mut self, holder: Uuid) {
        self.seen.remove(&holder);
    }

    /// Begins all observations anew.
    pub(crate) fn reset(&mut self) {
        self.seen.clear();
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.last.is_some_and(|last| now.duration_since(last) <= self.longest_gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3);

    /// Feeds one mark per second and asks after the last.
    fn still(marks: &[i64], pause_before_last: u64) -> bool {
        let holder = Uuid::from_u128(1);
        let mut now = Instant::now();
        let mut watch = Watch::fed_every(Duration::from_secs(2));
        for (number, mark) in marks.iter().enumerate() {
            let last = number + 1 == marks.len();
            now += Duration::from_secs(if last { pause_before_last } else { 1 });
            watch.observe([(holder, *mark)].into_iter(), now);
        }
        !watch.still_for(LONG, now).is_empty()
    }

    #[test]
    fn only_a_mark_that_does_not_move_is_still() {
        assert!(still(&[7, 7, 7, 7], 1));
        assert!(!still(&[7, 7, 7], 1), "two seconds are not long");
        assert!(!still(&[7, 7, 7, 8], 1), "it moved");
        assert!(!still(&[5, 6, 7, 7, 7], 1), "counted from its last move");
    }

    #[test]
    fn a_gap_proves_nothing() {
        assert!(!still(&[7, 7], 60));
        assert!(!still(&[7, 7, 7, 7], 3));
    }

    #[test]
    fn a_reset_begins_anew() {
        let holder = Uuid::from_u128(1);
        let start = Instant::now();
        let mut watch = Watch::fed_every(Duration::MAX);
        watch.observe([(holder, 1)].into_iter(), start);
        watch.reset();
        watch.observe([(holder, 1)].into_iter(), start + LONG);
        assert!(watch.still_for(LONG, start + LONG).is_empty());
        assert_eq!(watch.still_for(LONG, start + LONG + LONG), [(holder, 1)]);
        watch.forget(holder);
        assert!(watch.still_for(LONG, start + LONG + LONG).is_empty());
    }
}
