//! When sessions were last used: noted in memory by requests, written in batches, never by the request itself.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use domain::USE_IS_NOTED_EVERY;

use super::{Auth, Principal};
use crate::Result;

/// Sessions that wait to be written; more within one interval go unnoted.
const MOST: usize = 100_000;
/// Per statement.
const BATCH: usize = 500;

/// Sessions that were used since the last writing.
#[derive(Default)]
pub(crate) struct Uses(Mutex<HashSet<i64>>);

impl Uses {
    fn note(&self, session_id: i64) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST {
            waiting.insert(session_id);
        }
    }

    fn take(&self) -> Vec<i64> {
        let taken = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut sessions: Vec<i64> = taken.into_iter().collect();
        // In the same order everywhere, so that two processes wait for each other rather than both.
        sessions.sort_unstable();
        sessions
    }
}

impl Auth {
    /// Costs a comparison, and once a minute an entry in a set.
    pub(super) fn note_session(&self, principal: &Principal) {
        let now = self.core.clock.now().timestamp();
        if principal.is_due(now, USE_IS_NOTED_EVERY) {
            self.uses.note(principal.session_id);
        }
    }

    /// Writes which sessions have been used since it was last called. Not audited: it is what the sessions' list shows,
    /// not a change that anybody makes.
    ///
    /// # Errors
    /// `Unavailable`; the uses of that time go unnoted.
    pub async fn write_uses(&self) -> Result<()> {
        let now = self.core.clock.now();
        for sessions in self.uses.take().chunks(BATCH) {
            let write = || async {
                let tx = self.core.store.begin().await?;
                tx.sessions().note_uses(sessions, now).await?;
                Ok(tx.commit().await?)
            };
            self.core.again(write).await?;
        }
        Ok(())
    }
}
