//! The contract of [`ports::Clock`].

use chrono::Timelike;
use ports::Clock;

/// "Now, cut to milliseconds."
pub fn is_cut_to_milliseconds(clock: &dyn Clock) {
    assert_eq!(clock.now().nanosecond() % 1_000_000, 0);
}

/// "Two calls may give the same value; a later call gives an earlier one only when the clock was set back."
pub fn does_not_go_back_by_itself(clock: &dyn Clock) {
    let readings: Vec<_> = (0..10_000).map(|_| clock.now()).collect();
    assert!(readings.is_sorted());
}

/// Runs the suite on the clock that the expression gives: `testkit::clock_suite!(SystemClock);`
#[macro_export]
macro_rules! clock_suite {
    ($clock:expr) => {
        mod clock_suite {
            use super::*;

            #[test]
            fn is_cut_to_milliseconds() {
                $crate::clock::is_cut_to_milliseconds(&$clock);
            }

            #[test]
            fn does_not_go_back_by_itself() {
                $crate::clock::does_not_go_back_by_itself(&$clock);
            }
        }
    };
}
