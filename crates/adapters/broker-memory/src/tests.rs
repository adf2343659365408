//! Who gets which event, and what becomes of failures.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::DateTime;
use domain::EventEnvelope;
use ports::{Error, EventBroker, EventHandler, Kind, Result};
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::MemoryBroker;

/// Notes what it gets; then does as it is told.
#[derive(Default)]
struct Recorder {
    seen: Mutex<Vec<String>>,
    fails: bool,
    panics: bool,
}

impl Recorder {
    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

#[async_trait]
impl EventHandler for Recorder {
    async fn handle(&self, event: &EventEnvelope) -> Result<()> {
        self.seen.lock().unwrap().push(event.kind.clone());
        assert!(!self.panics, "as told");
        if self.fails { Err(Error::new(Kind::Internal, "handle an event")) } else { Ok(()) }
    }
}

fn event(kind: &str) -> EventEnvelope {
    EventEnvelope {
        specversion: "1.0".to_owned(),
        id: Uuid::from_u128(1),
        source: "/mainstay".to_owned(),
        kind: kind.to_owned(),
        subject: "users/1".to_owned(),
        time: DateTime::UNIX_EPOCH,
        datacontenttype: "application/json".to_owned(),
        tenantid: None,
        traceparent: None,
        data: Value::Null,
    }
}

async fn subscribed(broker: &MemoryBroker, group: &str, handler: Recorder) -> Arc<Recorder> {
    let handler = Arc::new(handler);
    broker.subscribe(group, "user.registered.v1", handler.clone()).await.unwrap();
    handler
}

#[tokio::test]
async fn each_group_gets_each_event_of_its_kind_in_order() {
    let broker = MemoryBroker::default();
    let mail = subscribed(&broker, "mail", Recorder::default()).await;
    let audit = subscribed(&broker, "audit", Recorder::default()).await;
    for kind in ["dev.mainstay.user.registered.v1", "org.other.user.registered.v1"] {
        broker.publish(&event(kind)).await.unwrap();
    }
    assert_eq!(mail.seen(), ["dev.mainstay.user.registered.v1", "org.other.user.registered.v1"]);
    assert_eq!(audit.seen(), mail.seen());
}

#[tokio::test]
async fn other_kinds_go_to_nobody() {
    let broker = MemoryBroker::default();
    let mail = subscribed(&broker, "mail", Recorder::default()).await;
    for kind in
        ["dev.mainstay.user.registered.v2", "dev.mainstay.superuser.registered.v1", "user.registered.v1"]
    {
        broker.publish(&event(kind)).await.unwrap();
    }
    assert!(mail.seen().is_empty());
}

#[tokio::test]
async fn a_failing_group_makes_the_publisher_try_again_without_harm_to_others() {
    for handler in
        [Recorder { fails: true, ..Recorder::default() }, Recorder { panics: true, ..Recorder::default() }]
    {
        let broker = MemoryBroker::default();
        let failing = subscribed(&broker, "failing", handler).await;
        let sound = subscribed(&broker, "sound", Recorder::default()).await;
        for _ in 0..2 {
            let error = broker.publish(&event("dev.mainstay.user.registered.v1")).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Internal, "it refuses");
        }
        assert_eq!((failing.seen().len(), sound.seen().len()), (2, 2));
    }
}

#[tokio::test]
async fn a_group_subscribes_to_a_kind_once() {
    let broker = MemoryBroker::default();
    subscribed(&broker, "mail", Recorder::default()).await;
    let again = broker.subscribe("mail", "user.registered.v1", Arc::new(Recorder::default())).await;
    assert_eq!(again.unwrap_err().kind(), Kind::Conflict);
    broker.subscribe("mail", "user.email-verified.v1", Arc::new(Recorder::default())).await.unwrap();
}

/// Away, as a consumer whose database does not answer.
struct Away;

#[async_trait]
impl EventHandler for Away {
    async fn handle(&self, _: &EventEnvelope) -> Result<()> {
        Err(Error::new(Kind::RateLimited, "handle an event"))
    }
}

/// Whoever only waits must not hide that another one refuses: the event would be tried for ever.
#[tokio::test]
async fn being_away_is_told_from_refusing() {
    let broker = MemoryBroker::default();
    broker.subscribe("away", "user.registered.v1", Arc::new(Away)).await.unwrap();
    let publish =
        async || broker.publish(&event("dev.mainstay.user.registered.v1")).await.unwrap_err().kind();
    assert_eq!(publish().await, Kind::Unavailable);
    subscribed(&broker, "failing", Recorder { fails: true, ..Recorder::default() }).await;
    assert_eq!(publish().await, Kind::Internal);
}

/// Subscribes another group from within a handler.
struct Subscriber(Arc<MemoryBroker>);

#[async_trait]
impl EventHandler for Subscriber {
    async fn handle(&self, _: &EventEnvelope) -> Result<()> {
        self.0.subscribe("late", "user.registered.v1", Arc::new(Recorder::default())).await
    }
}

#[tokio::test]
async fn a_handler_may_use_the_broker() {
    let broker = Arc::new(MemoryBroker::default());
    broker.subscribe("early", "user.registered.v1", Arc::new(Subscriber(broker.clone()))).await.unwrap();
    broker.publish(&event("dev.mainstay.user.registered.v1")).await.unwrap();
}

/// Waits until the other group's handler runs too.
struct Meeting(Arc<Notify>, Arc<Notify>);

#[async_trait]
impl EventHandler for Meeting {
    async fn handle(&self, _: &EventEnvelope) -> Result<()> {
        self.0.notify_one();
        self.1.notified().await;
        Ok(())
    }
}

#[tokio::test]
async fn groups_work_at_the_same_time() {
    let (one, two) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let broker = MemoryBroker::default();
    let here = Meeting(one.clone(), two.clone());
    broker.subscribe("one", "user.registered.v1", Arc::new(here)).await.unwrap();
    broker.subscribe("two", "user.registered.v1", Arc::new(Meeting(two, one))).await.unwrap();
    broker.publish(&event("dev.mainstay.user.registered.v1")).await.unwrap();
}
