//! The contract of [`ports::Locks`], and what it is worth without a fence.

pub mod holding;

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use ports::{Error, Kind, Lease, Locks, Result};

/// Locks that nobody else uses.
pub struct LocksBench {
    /// The locks.
    pub locks: Arc<dyn Locks>,
    /// The same ones, as another process sees them.
    pub other: Arc<dyn Locks>,
    /// Whatever has to live as long.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// Something that is protected by a fence, without a database: it remembers the largest token per name.
#[derive(Default)]
pub struct FencedPaper {
    largest: Mutex<HashMap<String, i64>>,
    lines: Mutex<Vec<String>>,
}

impl FencedPaper {
    /// Writes a line, under the token of a lease.
    ///
    /// # Errors
    /// `Precondition` when a larger token has written already.
    pub fn write(&self, lease: &Lease, line: &str) -> Result<()> {
        let mut largest = self.largest.lock().unwrap();
        let seen = largest.entry(lease.name.clone()).or_default();
        if lease.token < *seen {
            return Err(Error::new(Kind::Precondition, "write under a lease"));
        }
        *seen = lease.token;
        self.lines.lock().unwrap().push(line.to_owned());
        Ok(())
    }

    /// What has been written.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

/// Runs the suite on the locks that the expression gives, a future of `Option<LocksBench>`:
/// `testkit::locks_suite!(bench());`
#[macro_export]
macro_rules! locks_suite {
    ($bench:expr) => {
        mod locks_suite {
            use super::*;

            $crate::bench_cases!($bench; [$crate::locks];
                holding {
                    one_of_many_gets_it,
                    names_are_apart,
                    is_free_after_its_release,
                    is_free_after_its_time,
                    a_renewed_one_is_held_on,
                    a_lost_one_is_not_renewed,
                    releasing_a_lost_one_changes_nothing,
                    tokens_only_grow,
                    the_late_write_of_a_paused_holder_is_refused,
                }
            );
        }
    };
}
