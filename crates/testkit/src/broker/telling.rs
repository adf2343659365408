//! Who gets which event, how, and in what order.

use std::sync::Arc;

use async_trait::async_trait;
use domain::EventEnvelope;
use ports::{EventBroker, EventHandler, Kind, Result};
use serde_json::{Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{Act, BrokerBench, PLACED, Recorder, SOON, event, event_of, insist, numbered, numbers};
use crate::poll::promptly;

/// "Subscribes a group to events whose type ends in `.<kind>`."
pub async fn each_group_gets_each_event_of_its_kind(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let (mail, audit) = (Recorder::taking(), Recorder::taking());
    broker.subscribe("mail", PLACED, mail.clone()).await.unwrap();
    broker.subscribe("audit", PLACED, audit.clone()).await.unwrap();
    let ours = event("orders/1", json!({}));
    let theirs = EventEnvelope { kind: format!("org.other.{PLACED}"), ..event("orders/1", json!({})) };
    for event in [&ours, &theirs] {
        insist(broker.as_ref(), event).await;
    }
    for group in [mail, audit] {
        let mut taken = group.has_taken("both events", 2).await;
        taken.sort_by_key(|event| event.id);
        assert_eq!(taken, [ours.clone(), theirs.clone()]);
    }
}

/// The other side of the same sentence.
pub async fn other_kinds_go_to_nobody(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let mail = Recorder::taking();
    broker.subscribe("mail", PLACED, mail.clone()).await.unwrap();
    for kind in ["order.placed.v2", "reorder.placed.v1", "order.placed.v1.late"] {
        insist(broker.as_ref(), &event_of(kind, "orders/1", json!({}))).await;
    }
    let bare = EventEnvelope { kind: PLACED.to_owned(), ..event("orders/1", json!({})) };
    insist(broker.as_ref(), &bare).await;
    let last = event("orders/1", json!({}));
    insist(broker.as_ref(), &last).await;
    assert_eq!(mail.has_taken("the one of its kind", 1).await, [last]);
}

/// Nothing on the way changes an envelope, its trace context least of all.
pub async fn events_arrive_unchanged(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let mail = Recorder::taking();
    broker.subscribe("mail", PLACED, mail.clone()).await.unwrap();
    let event = EventEnvelope {
        tenantid: Some(Uuid::from_u128(7)),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        subject: "orders/ä b/%2F*>#?\"\u{1F4E6}".to_owned(),
        source: "https://shop.example/mainstay?x=1".to_owned(),
        ..event("", json!({ "userId": Uuid::from_u128(9) }))
    };
    insist(broker.as_ref(), &event).await;
    assert_eq!(mail.has_taken("the event", 1).await, [event]);
}

/// Whatever JSON can say is data.
pub async fn any_json_is_data(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let mail = Recorder::taking();
    broker.subscribe("mail", PLACED, mail.clone()).await.unwrap();
    let odd = [
        Value::Null,
        json!(true),
        json!(""),
        json!("\u{0}\u{1F}\u{7F}\u{2028}\u{FEFF}\u{10FFFF}\"\\/\r\n"),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(-0.5e-7),
        json!([]),
        json!({}),
        json!([[], {}, null, [[[[1]]]]]),
        json!({ "": 1, " ": 2, "a.b": 3, "$ref": 4, "ключ": 5, "type": "x", "data": { "data": null } }),
    ];
    for data in &odd {
        insist(broker.as_ref(), &event("orders/1", data.clone())).await;
    }
    let taken = mail.has_taken("all of them", odd.len()).await;
    assert_eq!(taken.into_iter().map(|event| event.data).collect::<Vec<_>>(), odd);
}

/// "Events of one subject and kind reach a group in the order in which they were published."
pub async fn a_subject_is_told_in_order(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let mail = Recorder::taking();
    broker.subscribe("mail", PLACED, mail.clone()).await.unwrap();
    let subjects = ["orders/1", "orders/2", "orders/3", "orders/4"];
    for number in 0..25 {
        for subject in subjects {
            insist(broker.as_ref(), &numbered(subject, number)).await;
        }
    }
    let taken = mail.has_taken("all events", 100).await;
    for subject in subjects {
        assert_eq!(numbers(&taken, subject), (0..25).collect::<Vec<_>>(), "{subject}");
    }
}

/// Waits until the other group's handler runs too.
struct Meeting(Arc<Notify>, Arc<Notify>);

#[async_trait]
impl EventHandler for Meeting {
    async fn handle(&self, _: &EventEnvelope) -> Result<()> {
        self.0.notify_one();
        self.1.notified().await;
        self.1.notify_one();
        Ok(())
    }
}

/// One group does not wait for another.
pub async fn groups_work_at_the_same_time(bench: &BrokerBench) {
    let (one, two) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (met, last) = (Recorder::taking(), event("orders/1", json!({})));
    let broker = bench.ready().await;
    broker.subscribe("one", PLACED, Arc::new(Meeting(one.clone(), two.clone()))).await.unwrap();
    broker.subscribe("two", PLACED, Arc::new(Meeting(two.clone(), one.clone()))).await.unwrap();
    broker.subscribe("three", PLACED, met.clone()).await.unwrap();
    promptly("handlers that meet", SOON, async {
        insist(broker.as_ref(), &last).await;
        one.notified().await;
        two.notified().await;
    })
    .await;
    met.has_taken("the event", 1).await;
}

/// Subscribes and publishes from within.
struct Busy(Arc<dyn EventBroker>, Arc<Recorder>);

#[async_trait]
impl EventHandler for Busy {
    async fn handle(&self, event: &EventEnvelope) -> Result<()> {
        let kind = "order.shipped.v1";
        match self.0.subscribe("late", kind, self.1.clone()).await {
            Err(error) if error.kind() != Kind::Conflict => return Err(error),
            _ => {}
        }
        self.0.publish(&event_of(kind, &event.subject, json!({}))).await
    }
}

/// A handler is called by nobody who holds something that the broker needs.
pub async fn a_handler_may_use_the_broker(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let late = Recorder::taking();
    broker.subscribe("early", PLACED, Arc::new(Busy(broker.clone(), late.clone()))).await.unwrap();
    insist(broker.as_ref(), &event("orders/1", json!({}))).await;
    late.has_taken("what a handler published", 1).await;
    broker.close().await;
}

/// "`Conflict` when this process has subscribed the group to the kind already."
pub async fn a_group_subscribes_to_a_kind_once(bench: &BrokerBench) {
    let broker = bench.ready().await;
    broker.subscribe("mail", PLACED, Recorder::taking()).await.unwrap();
    let again = broker.subscribe("mail", PLACED, Recorder::taking()).await;
    assert_eq!(again.unwrap_err().kind(), Kind::Conflict);
    broker.subscribe("mail", "order.shipped.v1", Recorder::taking()).await.unwrap();
    broker.subscribe("audit", PLACED, Recorder::taking()).await.unwrap();
}

/// "An error means that it is delivered again; so does a panic." Other groups are not harmed.
pub async fn whoever_fails_is_told_again(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let failing = [Act::Refuse, Act::Panic, Act::BeAway]
        .map(|act| Recorder::new(move |number, _| if number == 0 { act } else { Act::Take }));
    for (number, group) in failing.iter().enumerate() {
        broker.subscribe(&format!("failing-{number}"), PLACED, group.clone()).await.unwrap();
    }
    let sound = Recorder::taking();
    broker.subscribe("sound", PLACED, sound.clone()).await.unwrap();
    let event = event("orders/1", json!({}));
    insist(broker.as_ref(), &event).await;
    for group in &failing {
        group.has_taken("the event, told again", 1).await;
        assert!(group.seen().len() >= 2 && group.seen().iter().all(|seen| *seen == event));
    }
    sound.has_taken("the event", 1).await;
}

/// "One that no group has subscribed to is let go."
pub async fn an_event_without_a_group_is_let_go(bench: &BrokerBench) {
    let broker = bench.ready().await;
    broker.publish(&event("orders/1", json!({}))).await.unwrap();
    let late = Recorder::taking();
    broker.subscribe("late", PLACED, late.clone()).await.unwrap();
    let next = event("orders/1", json!({}));
    insist(broker.as_ref(), &next).await;
    assert_eq!(late.has_taken("the later event", 1).await, [next]);
}
