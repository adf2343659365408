//! What clients sent and what they were promised, and whether the database agrees.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::harness::{Installation, PATIENCE, holds};

#[derive(Default)]
struct Entries {
    sent: BTreeSet<String>,
    acknowledged: BTreeSet<String>,
}

/// Shared by all clients. Registrations go by address, jobs by their unique key.
#[derive(Clone, Default)]
pub(super) struct Ledger {
    entries: Arc<Mutex<[Entries; 3]>>,
    unanswered: Arc<AtomicUsize>,
}

/// Of what an entry tells.
#[derive(Debug, Clone, Copy)]
pub(super) enum Thing {
    Registration = 0,
    Job = 1,
    /// A purge: a job that takes a lock. It comes again by its backoff while there is none to be had, so no round
    /// waits for it.
    Purge = 2,
}

/// What had been promised at a moment.
pub(super) struct Promised([BTreeSet<String>; 3]);

const ACCOUNTS: &str = "SELECT email FROM users";
const JOBS: &str = "SELECT unique_key FROM jobs WHERE kind LIKE 'diagnostics.%'";
/// But for those that the installation writes for itself, at a tick.
const PURGES: &str =
    "SELECT unique_key FROM jobs WHERE kind = 'maintenance.purge' AND unique_key NOT LIKE '%@%'";
const DONE: &str = "SELECT unique_key FROM jobs WHERE kind LIKE 'diagnostics.%' AND status = 'succeeded'";
const MAILED: &str = "SELECT recipient FROM captured_mails WHERE subject = 'Verify your e-mail address'";

impl Ledger {
    /// Before it is sent, so that nothing can be there before it stands here.
    pub(super) fn sends(&self, thing: Thing, name: &str) {
        self.entries.lock().unwrap()[thing as usize].sent.insert(name.to_owned());
    }

    pub(super) fn acknowledges(&self, thing: Thing, name: &str) {
        self.entries.lock().unwrap()[thing as usize].acknowledged.insert(name.to_owned());
    }

    pub(super) fn misses_an_answer(&self) {
        self.unanswered.fetch_add(1, Ordering::SeqCst);
    }

    /// How many registrations, jobs and purges.
    pub(super) fn acknowledged(&self) -> [usize; 3] {
        self.entries.lock().unwrap().each_ref().map(|entries| entries.acknowledged.len())
    }

    pub(super) fn unanswered(&self) -> usize {
        self.unanswered.load(Ordering::SeqCst)
    }

    pub(super) fn promised(&self) -> Promised {
        Promised(self.entries.lock().unwrap().each_ref().map(|entries| entries.acknowledged.clone()))
    }

    /// Nothing acknowledged is lost, nothing was never sent, nothing is there twice. At any time.
    pub(super) async fn is_kept(&self, installation: &Installation) {
        let all = [(Thing::Registration, ACCOUNTS), (Thing::Job, JOBS), (Thing::Purge, PURGES)];
        for (thing, statement) in all {
            let promised = self.promised();
            let found = once(thing, installation.sql(statement).await);
            let lost: Vec<_> = promised.0[thing as usize].difference(&found).collect();
            assert!(lost.is_empty(), "{thing:?}: acknowledged and lost: {lost:?}");
            let all = self.entries.lock().unwrap();
            let sent = &all[thing as usize].sent;
            let invented: Vec<_> =
                found.iter().filter(|name| !sent.contains(*name) && !name.starts_with("admin@")).collect();
            assert!(invented.is_empty(), "{thing:?}: never sent: {invented:?}");
        }
        once(Thing::Registration, installation.sql(MAILED).await);
    }

    /// Once the load has ended: all promises are kept to the end, and each effect is there once.
    pub(super) async fn is_fulfilled(&self, installation: &Installation) {
        let waiting = "SELECT subject FROM outbox";
        let open = "SELECT kind FROM jobs WHERE status NOT IN ('succeeded', 'dead')";
        holds("nothing is left to do", PATIENCE, async || {
            installation.sql(waiting).await.is_empty() && installation.sql(open).await.is_empty()
        })
        .await;
        let dead = installation.sql("SELECT last_error FROM jobs WHERE status = 'dead'").await;
        assert!(dead.is_empty(), "{dead:?}");
        self.is_kept(installation).await;
        assert!(self.promised().has_happened(installation).await);
        // Each address was sent once, so its event has one job. Captured mails are kept once anyway.
        let caused =
            installation.sql("SELECT payload FROM jobs WHERE kind = 'mail.verify-email'").await.len();
        assert_eq!(caused, installation.sql(MAILED).await.len(), "a mail for each job, a job for each event");
        assert_eq!(
            caused,
            installation.sql(ACCOUNTS).await.len() - 1,
            "an event for each account but the administrator's"
        );
    }
}

impl Promised {
    /// Every mail that was promised is there, and every job but the purges has succeeded.
    pub(super) async fn has_happened(&self, installation: &Installation) -> bool {
        for (promised, statement) in self.0.iter().zip([MAILED, DONE]) {
            let found: BTreeSet<String> = installation.sql(statement).await.into_iter().collect();
            if !promised.is_subset(&found) {
                return false;
            }
        }
        true
    }
}

fn once(thing: Thing, found: Vec<String>) -> BTreeSet<String> {
    let rows = found.len();
    let different: BTreeSet<String> = found.into_iter().collect();
    assert_eq!(different.len(), rows, "{thing:?}: something is there twice");
    different
}
