//! Forgetting that could not be done: it is owed, and paid before anything is found again.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use ports::CachePattern;

/// Beyond that, everything is forgotten instead.
const MOST: usize = 10_000;

/// One thing to forget.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Forget {
    /// Keys as the server knows them: entries, or generations of tags.
    Keys(Vec<String>),
    /// Names by pattern.
    Matching(String),
}

/// What is still to be forgotten.
#[derive(Default)]
pub(crate) struct Owed(Mutex<BTreeSet<Forget>>);

impl Owed {
    pub(crate) fn add(&self, forget: Forget) {
        self.debts().insert(forget);
    }

    /// All of it; whoever can't pay gives it back.
    pub(crate) fn take(&self, everything: impl FnOnce(&CachePattern) -> String) -> Vec<Forget> {
        let debts = std::mem::take(&mut *self.debts());
        let keys: usize = debts.iter().map(Forget::weight).sum();
        if keys > MOST {
            vec![Forget::Matching(everything(&CachePattern::all()))]
        } else {
            debts.into_iter().collect()
        }
    }

    fn debts(&self) -> std::sync::MutexGuard<'_, BTreeSet<Forget>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Forget {
    fn weight(&self) -> usize {
        match self {
            Self::Keys(keys) => keys.len(),
            Self::Matching(_) => 1,
        }
    }
}
