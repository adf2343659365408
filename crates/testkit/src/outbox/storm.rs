//! Everything at once: relays that share, find the broker away or refusing, are paused and taken for fallen, and a
//! consumer that is told things twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ports::{Kind, OutboxRelay, Partition, Setback, Store, Unpublished};
use uuid::Uuid;

use super::append;
use crate::bench::Bench;
use crate::fakes::SeededRandom;
use crate::poll::eventually;
use crate::samples::{at, uuid};

const SUBJECTS: usize = 8;
const EVENTS_PER_SUBJECT: usize = 4;
const RELAYS: u64 = 4;

/// What the consumer has done, in its order: by subject, ids of events.
type Ledger = Arc<Mutex<HashMap<String, Vec<Uuid>>>>;

/// One relay, as disturbed as a relay can be.
struct Relay {
    store: Arc<dyn Store>,
    outbox: Arc<dyn OutboxRelay>,
    random: SeededRandom,
    ledger: Ledger,
}

impl Relay {
    /// True once in `times`.
    fn happens(&self, times: u8) -> bool {
        use ports::Random;
        let mut byte = [0];
        self.random.fill(&mut byte).unwrap();
        byte[0] % times == 0
    }

    /// The consumer; the ledger is its effect.
    async fn consume(&self, subject: &str, event: Uuid) {
        let tx = self.store.begin().await.unwrap();
        let first = tx.inbox().accept("ledger", event, at(0)).await.unwrap();
        if first {
            // Before the commit: another delivery of this event waits for it, and so do those after it.
            self.ledger.lock().unwrap().entry(subject.to_owned()).or_default().push(event);
        }
        tx.commit().await.unwrap();
    }

    async fn run(self) {
        let mut holder = uuid();
        loop {
            let mine = self.outbox.share(holder).await.unwrap();
            if self.round(holder, &mine).await {
                // Taken for fallen in the middle, it goes on under another name.
                holder = uuid();
            }
            tokio::task::yield_now().await;
        }
    }

    /// Publishes a batch. True when this relay was taken for fallen meanwhile.
    async fn round(&self, holder: Uuid, mine: &[Partition]) -> bool {
        let rows = self.outbox.take(mine, 7, at(0)).await.unwrap();
        let fallen = self.happens(6);
        if fallen {
            // So somebody else thinks. This one is only slow, and goes on beside its successor.
            self.outbox.rescue(holder).await.unwrap();
        }
        let (mut published, mut unpublished) = (Vec::new(), Vec::new());
        let mut blocked = Vec::new();
        for row in rows {
            if blocked.contains(&row.event.subject) {
                continue;
            }
            if self.happens(5) {
                let away = self.happens(2);
                // Due at once, for time stands still here.
                let setback =
                    if away { Setback::Away { until: at(0) } } else { Setback::Refused { until: at(0) } };
                blocked.push(row.event.subject.clone());
                unpublished.push(Unpublished {
                    id: row.id,
                    event: row.event.id,
                    reason: "no".to_owned(),
                    setback,
                });
                continue;
            }
            self.consume(&row.event.subject, row.event.id).await;
            published.push(row.id);
        }
        let mut refused = false;
        if !published.is_empty() {
            refused |= Self::refused(self.outbox.published(mine, &published).await);
        }
        if !unpublished.is_empty() {
            refused |= Self::refused(self.outbox.unpublished(mine, &unpublished, at(0)).await);
        }
        let wrote = !(published.is_empty() && unpublished.is_empty());
        assert_eq!(refused, fallen && wrote, "late writes, and no others, are refused");
        fallen
    }

    fn refused(written: ports::Result<()>) -> bool {
        written.is_err_and(|error| {
            assert_eq!(error.kind(), Kind::Precondition, "{error}");
            true
        })
    }
}

/// "This is what keeps them in order": each subject's effects come in its order, each once, and none is missing.
pub async fn relays_that_fail_pause_and_fall_lose_nothing(bench: &Bench) {
    let subjects: Vec<String> = (0..SUBJECTS).map(|number| format!("users/{number}")).collect();
    let names: Vec<&str> = subjects.iter().map(String::as_str).collect();
    let ledger = Ledger::default();
    let relays: Vec<_> = (0..RELAYS)
        .map(|seed| {
            let relay = Relay {
                store: Arc::clone(&bench.store),
                outbox: Arc::clone(&bench.relay),
                random: SeededRandom::new(seed << 32 | 0x5eed),
                ledger: Arc::clone(&ledger),
            };
            tokio::spawn(relay.run())
        })
        .collect();
    // Written while they are at it.
    let mut expected: HashMap<String, usize> = HashMap::new();
    for _ in 0..EVENTS_PER_SUBJECT {
        append(bench, &names).await;
        for subject in &subjects {
            *expected.entry(subject.clone()).or_default() += 1;
        }
    }
    eventually("an empty outbox", Duration::from_secs(120), async || {
        assert!(relays.iter().all(|relay| !relay.is_finished()), "a relay panicked");
        (bench.store.outbox().depth().await.unwrap().waiting == 0).then_some(())
    })
    .await;
    for relay in relays {
        relay.abort();
    }
    let ledger = ledger.lock().unwrap();
    for (subject, count) in expected {
        let told = &ledger[&subject];
        assert_eq!(told.len(), count, "{subject}: nothing lost, nothing twice");
        // Ids of samples rise in the order in which they were written.
        assert!(told.is_sorted(), "{subject}: {told:?}");
    }
}
