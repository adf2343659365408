//! How the loop deals with a broker that is away or refuses. What the outbox promises is shown by its suite.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::{EventEnvelope, Timestamp};
use ports::{BrokerCapabilities, EventHandler, RefusedEvent, Result};
use testkit::fakes::{FakeCluster, FixedClock, SeededRandom};

use super::*;

/// An outbox of one partition that notes what was settled.
#[derive(Default)]
struct Notes {
    waiting: Mutex<Vec<OutboxRow>>,
    settled: Mutex<Tally>,
    rescued: Mutex<Vec<Uuid>>,
    breaks: AtomicUsize,
}

#[async_trait]
impl OutboxRelay for Notes {
    async fn share(&self, _: Uuid) -> Result<Vec<Partition>> {
        Ok(vec![Partition { number: 0, token: 1 }])
    }

    async fn take(&self, _: &[Partition], limit: u64, _: Timestamp) -> Result<Vec<OutboxRow>> {
        let limit = usize::try_from(limit).unwrap();
        Ok(self.waiting.lock().unwrap().iter().take(limit).cloned().collect())
    }

    async fn published(&self, _: &[Partition], ids: &[i64]) -> Result<()> {
        if self.breaks.load(Ordering::SeqCst) > 0 {
            self.breaks.fetch_sub(1, Ordering::SeqCst);
            return Err(Error::new(Kind::Unavailable, "settle"));
        }
        self.waiting.lock().unwrap().retain(|row| !ids.contains(&row.id));
        self.settled.lock().unwrap().published.extend(ids);
        Ok(())
    }

    async fn unpublished(&self, _: &[Partition], rows: &[Unpublished], _: Timestamp) -> Result<()> {
        self.settled.lock().unwrap().unpublished.extend_from_slice(rows);
        Ok(())
    }

    async fn rescue(&self, holder: Uuid) -> Result<u64> {
        self.rescued.lock().unwrap().push(holder);
        Ok(0)
    }
}

/// Answers by subject, and notes whom it was asked to tell.
#[derive(Default)]
struct Scripted {
    answers: HashMap<&'static str, Kind>,
    asked: Mutex<Vec<i64>>,
}

#[async_trait]
impl EventBroker for Scripted {
    fn capabilities(&self) -> BrokerCapabilities {
        BrokerCapabilities { keeps: true }
    }

    async fn publish(&self, event: &EventEnvelope) -> Result<()> {
        self.asked.lock().unwrap().push(event.data.as_i64().unwrap());
        match self.answers.iter().find(|(subject, _)| event.subject.starts_with(*subject)) {
            Some((_, kind)) => Err(Error::with(*kind, "publish", "as scripted")),
            None => Ok(()),
        }
    }

    async fn subscribe(&self, _: &str, _: &str, _: Arc<dyn EventHandler>) -> Result<()> {
        Ok(())
    }

    async fn dead_letters(&self, _: usize) -> Result<Vec<RefusedEvent>> {
        Ok(Vec::new())
    }

    async fn tell_again(&self, _: &str, _: Uuid) -> Result<()> {
        Ok(())
    }

    async fn check(&self) -> Result<()> {
        Ok(())
    }

    async fn close(&self) {}
}

fn row(id: i64, subject: &str, refusals: i32) -> OutboxRow {
    let event = EventEnvelope {
        specversion: "1.0".to_owned(),
        id: Uuid::from_u128(id.unsigned_abs().into()),
        source: "https://mainstay.example".to_owned(),
        kind: "dev.mainstay.user.registered.v1".to_owned(),
        subject: subject.to_owned(),
        time: FixedClock::default().now(),
        datacontenttype: "application/json".to_owned(),
        tenantid: None,
        traceparent: None,
        data: id.into(),
    };
    OutboxRow { id, refusals, event }
}

struct Bench {
    outbox: Arc<Notes>,
    broker: Arc<Scripted>,
    relay: RelayLoop,
    share: Option<Share>,
    stop: CancellationToken,
}

impl Bench {
    fn new(rows: Vec<OutboxRow>, answers: &[(&'static str, Kind)]) -> Self {
        let outbox = Arc::new(Notes { waiting: Mutex::new(rows), ..Notes::default() });
        let broker = Arc::new(Scripted { answers: answers.iter().copied().collect(), ..Scripted::default() });
        let relay = RelayLoop {
            outbox: Arc::clone(&outbox) as Arc<dyn OutboxRelay>,
            broker: Arc::clone(&broker) as Arc<dyn EventBroker>,
            cluster: Arc::new(FakeCluster::default()),
            clock: Arc::new(FixedClock::default()),
            random: Arc::new(SeededRandom::default()),
        };
        Self { outbox, broker, relay, share: None, stop: CancellationToken::new() }
    }

    async fn round(&mut self) -> Result<Round> {
        self.relay.round(&mut self.share, &self.stop).await
    }

    fn asked(&self) -> Vec<i64> {
        self.broker.asked.lock().unwrap().clone()
    }

    fn setbacks(&self) -> Vec<(i64, Setback)> {
        self.outbox.settled.lock().unwrap().unpublished.iter().map(|one| (one.id, one.setback)).collect()
    }
}

#[tokio::test]
async fn a_refusal_stops_its_subject_and_no_other() {
    let rows = vec![row(1, "ada", 0), row(2, "bob", 0), row(3, "ada", 0), row(4, "bob", 0)];
    let mut bench = Bench::new(rows, &[("ada", Kind::Internal)]);
    assert_eq!(bench.round().await.unwrap(), Round::More);
    assert_eq!(bench.asked(), [1, 2, 4], "ada's second was not tried");
    assert_eq!(bench.outbox.settled.lock().unwrap().published, [2, 4]);
    let (id, Setback::Refused { until }) = bench.setbacks()[0] else { panic!("{:?}", bench.setbacks()) };
    let pause = (until - FixedClock::default().now()).num_milliseconds();
    assert!(id == 1 && (500..=1000).contains(&pause), "{pause}");
}

#[tokio::test]
async fn the_last_refusal_makes_a_dead_letter_and_says_why() {
    let mut bench = Bench::new(vec![row(1, "ada", TRIES - 1)], &[("ada", Kind::Internal)]);
    bench.round().await.unwrap();
    assert_eq!(bench.setbacks(), [(1, Setback::Dead)]);
    let settled = bench.outbox.settled.lock().unwrap();
    assert!(settled.unpublished[0].reason.contains("as scripted"), "{:?}", settled.unpublished);
}

#[tokio::test]
async fn being_away_never_makes_a_dead_letter() {
    let mut bench = Bench::new(vec![row(1, "ada", 99)], &[("ada", Kind::Unavailable)]);
    bench.round().await.unwrap();
    assert_eq!(bench.setbacks(), [(1, Setback::Away { until: FixedClock::default().now() + AWAY })]);
}

/// Nobody hammers a broker that is away: after a few subjects the round ends, and the loop pauses.
#[tokio::test]
async fn a_broker_that_is_away_is_left_alone() {
    let rows = (0..90).map(|id| row(id, &format!("users/{id:02}"), 0)).collect();
    let mut bench = Bench::new(rows, &[("users", Kind::Unavailable)]);
    assert_eq!(bench.round().await.unwrap(), Round::Away);
    assert!((AWAY_AFTER..AWAY_AFTER + SIDE_BY_SIDE).contains(&bench.asked().len()), "{:?}", bench.asked());
}

/// What has been published and could not be noted is published again, after everything was given back.
#[tokio::test]
async fn a_round_that_broke_off_begins_anew() {
    let mut bench = Bench::new(vec![row(1, "ada", 0)], &[]);
    let holder = bench.relay.cluster.holder();
    bench.outbox.breaks.store(1, Ordering::SeqCst);
    bench.round().await.unwrap_err();
    assert_eq!(bench.round().await.unwrap(), Round::More);
    assert_eq!(bench.asked(), [1, 1]);
    assert_eq!(*bench.outbox.rescued.lock().unwrap(), [holder, holder]);
    assert_eq!(bench.round().await.unwrap(), Round::Idle);
}

#[tokio::test]
async fn nothing_is_begun_after_the_order_to_stop() {
    let mut bench = Bench::new(vec![row(1, "ada", 0)], &[]);
    bench.stop.cancel();
    bench.round().await.unwrap();
    assert!(bench.asked().is_empty());
}
