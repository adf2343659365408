//! The conformance suite, and what only a broker that keeps nothing does: failures are the publisher's to hear.

use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::DateTime;
use domain::EventEnvelope;
use ports::{Error, EventBroker, EventHandler, Kind, Result};
use serde_json::Value;
use testkit::broker::BrokerBench;
use uuid::Uuid;

use crate::MemoryBroker;

fn bench() -> Ready<Option<BrokerBench>> {
    let broker: Arc<dyn EventBroker> = Arc::new(MemoryBroker::default());
    ready(Some(BrokerBench { process: Box::new(move || broker.clone()), keep: Box::new(()) }))
}

testkit::broker_suite!(bench());

/// Notes what it gets; then fails as it is told.
#[derive(Default)]
struct Failing {
    seen: Mutex<usize>,
    with: Option<Kind>,
}

#[async_trait]
impl EventHandler for Failing {
    async fn handle(&self, _: &EventEnvelope) -> Result<()> {
        *self.seen.lock().unwrap() += 1;
        match self.with {
            Some(kind) => Err(Error::new(kind, "handle an event")),
            None => panic!("as told"),
        }
    }
}

fn event() -> EventEnvelope {
    EventEnvelope {
        specversion: "1.0".to_owned(),
        id: Uuid::from_u128(1),
        source: "/mainstay".to_owned(),
        kind: "dev.mainstay.user.registered.v1".to_owned(),
        subject: "users/1".to_owned(),
        time: DateTime::UNIX_EPOCH,
        datacontenttype: "application/json".to_owned(),
        tenantid: None,
        traceparent: None,
        data: Value::Null,
    }
}

async fn subscribed(broker: &MemoryBroker, group: &str, with: Option<Kind>) -> Arc<Failing> {
    let handler = Arc::new(Failing { with, ..Failing::default() });
    broker.subscribe(group, "user.registered.v1", handler.clone()).await.unwrap();
    handler
}

#[tokio::test]
async fn the_publisher_hears_that_a_group_refuses() {
    for with in [Some(Kind::Conflict), None] {
        let broker = MemoryBroker::default();
        let failing = subscribed(&broker, "failing", with).await;
        for _ in 0..2 {
            let error = broker.publish(&event()).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Internal, "it refuses");
        }
        assert_eq!(*failing.seen.lock().unwrap(), 2);
    }
}

/// Whoever only waits must not hide that another one refuses: the event would be tried for ever.
#[tokio::test]
async fn being_away_is_told_from_refusing() {
    let broker = MemoryBroker::default();
    subscribed(&broker, "away", Some(Kind::RateLimited)).await;
    let publish = async || broker.publish(&event()).await.unwrap_err().kind();
    assert_eq!(publish().await, Kind::Unavailable);
    subscribed(&broker, "failing", Some(Kind::Internal)).await;
    assert_eq!(publish().await, Kind::Internal);
}

#[tokio::test]
async fn it_says_that_it_keeps_nothing() {
    let broker = MemoryBroker::default();
    assert!(!broker.capabilities().keeps);
    assert_eq!(broker.dead_letters(10).await.unwrap(), []);
    assert_eq!(broker.tell_again("mail", event().id).await.unwrap_err().kind(), Kind::NotFound);
}
