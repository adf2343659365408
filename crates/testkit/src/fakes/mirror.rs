//! Revisions in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use ports::{Clock, Place, Raise, Result, RevisionMirror, RevisionOf, Seen};

use super::FixedClock;

const MEMORY: Duration = Duration::from_secs(2);

#[derive(Clone, PartialEq, Eq)]
enum Entry {
    At(i64),
    Place(String),
    Raising(String),
}

/// A mirror whose time a test moves.
pub struct MemoryMirror {
    entries: Mutex<HashMap<RevisionOf, (Entry, Timestamp)>>,
    tickets: AtomicU64,
    clock: Arc<FixedClock>,
}

impl MemoryMirror {
    /// One that knows nothing.
    pub fn new(clock: Arc<FixedClock>) -> Self {
        Self { entries: Mutex::default(), tickets: AtomicU64::new(0), clock }
    }

    fn live(&self) -> std::sync::MutexGuard<'_, HashMap<RevisionOf, (Entry, Timestamp)>> {
        let mut entries = self.entries.lock().unwrap();
        entries.retain(|_, (_, ends_at)| *ends_at > self.clock.now());
        entries
    }
}

#[async_trait]
impl RevisionMirror for MemoryMirror {
    async fn look(&self, of: &[RevisionOf]) -> Result<Vec<Seen>> {
        let mut entries = self.live();
        let mut seen = Vec::new();
        for of in of {
            seen.push(match entries.get(of) {
                Some((Entry::At(revision), _)) => Seen::At(*revision),
                Some(_) => Seen::Busy,
                None => {
                    let ticket = self.ticket()?;
                    entries.insert(*of, (Entry::Place(ticket.clone()), self.clock.now() + MEMORY));
                    Seen::Open(Place { of: *of, ticket })
                }
            });
        }
        Ok(seen)
    }

    async fn fill(&self, places: &[(Place, i64)]) -> Result<()> {
        let mut entries = self.live();
        for (place, revision) in places {
            if let Some((entry, _)) = entries.get_mut(&place.of)
                && *entry == Entry::Place(place.ticket.clone())
            {
                *entry = Entry::At(*revision);
            }
        }
        Ok(())
    }

    async fn raising(&self, raise: &Raise) -> Result<()> {
        let mut entries = self.live();
        for of in &raise.of {
            entries.insert(*of, (Entry::Raising(raise.ticket.clone()), self.clock.now() + MEMORY));
        }
        Ok(())
    }

    async fn raised(&self, raise: &Raise) -> Result<()> {
        let own = Entry::Raising(raise.ticket.clone());
        let others = |entry: &Entry| matches!(entry, Entry::Raising(_)) && *entry != own;
        self.live().retain(|of, (entry, _)| !raise.of.contains(of) || others(entry));
        Ok(())
    }

    fn ticket(&self) -> Result<String> {
        Ok(self.tickets.fetch_add(1, Ordering::SeqCst).to_string())
    }

    fn memory(&self) -> Duration {
        MEMORY
    }
}
