//! Brokers that keep events: members that are away or refuse, and dead letters.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::EventEnvelope;
use ports::{EventBroker, Kind, RefusedEvent};
use serde_json::json;
use uuid::Uuid;

use super::{Act, BrokerBench, PLACED, Recorder, SOON, event, insist, numbered, numbers};
use crate::poll::eventually;

/// Refuses one event and takes the others.
pub(super) fn refusing(event: &EventEnvelope) -> Arc<Recorder> {
    let refused = event.id;
    Recorder::new(move |_, event| if event.id == refused { Act::Refuse } else { Act::Take })
}

pub(super) async fn letters(broker: &dyn EventBroker, count: usize) -> Vec<RefusedEvent> {
    eventually("dead letters", SOON, async || {
        broker.dead_letters(100).await.ok().filter(|letters| letters.len() == count)
    })
    .await
}

/// "After some tries it is left as a dead letter", with whom, why and how often.
pub async fn a_refused_event_becomes_a_dead_letter(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let event =
        EventEnvelope { traceparent: Some("00-1-2-01".to_owned()), ..event("orders/1", json!([1.5])) };
    let group = refusing(&event);
    broker.subscribe("mail", PLACED, group.clone()).await.unwrap();
    assert_eq!(broker.dead_letters(100).await.unwrap(), []);
    insist(broker.as_ref(), &event).await;
    let letter = letters(broker.as_ref(), 1).await.remove(0);
    assert_eq!((&*letter.group, &*letter.kind, &letter.event), ("mail", PLACED, &event));
    assert!(letter.reason.contains("as told"), "{}", letter.reason);
    assert_eq!(usize::try_from(letter.refusals).unwrap(), group.seen().len());
    assert!(letter.refusals > 1, "it was told again before it was given up");
}

/// "Holds up those behind it, until it has become a dead letter." And no other group, ever.
pub async fn a_dead_letter_holds_up_nobody(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let events: Vec<_> = (0..4).map(|number| numbered("orders/1", number)).collect();
    let (group, sound) = (refusing(&events[1]), Recorder::taking());
    broker.subscribe("mail", PLACED, group.clone()).await.unwrap();
    broker.subscribe("sound", PLACED, sound.clone()).await.unwrap();
    for event in &events {
        insist(broker.as_ref(), event).await;
    }
    assert_eq!(numbers(&group.has_taken("the others", 3).await, "orders/1"), [0, 2, 3]);
    assert_eq!(numbers(&sound.has_taken("all of them", 4).await, "orders/1"), [0, 1, 2, 3]);
    assert_eq!(letters(broker.as_ref(), 1).await[0].event, events[1]);
}

/// "Tells a dead letter again to the group that refused it, and to no other."
pub async fn a_dead_letter_is_told_again_to_its_group_only(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let healed = Arc::new(AtomicBool::new(false));
    let well = healed.clone();
    let group = Recorder::new(move |_, event| {
        if event.subject == "orders/1" && !well.load(Ordering::SeqCst) { Act::Refuse } else { Act::Take }
    });
    let sound = Recorder::taking();
    broker.subscribe("mail", PLACED, group.clone()).await.unwrap();
    broker.subscribe("sound", PLACED, sound.clone()).await.unwrap();
    let (first, second) = (event("orders/1", json!({ "first": true })), event("orders/1", json!({})));
    for event in [&first, &second] {
        insist(broker.as_ref(), event).await;
    }
    assert_eq!(letters(broker.as_ref(), 2).await.into_iter().map(|l| l.event.id).next(), Some(first.id));
    healed.store(true, Ordering::SeqCst);
    // An operator's process has subscribed to nothing.
    bench.ready().await.tell_again("mail", second.id).await.unwrap();
    assert_eq!(group.has_taken("the letter", 1).await, [second]);
    assert_eq!(letters(broker.as_ref(), 1).await[0].event, first);
    let last = event("orders/2", json!({}));
    insist(broker.as_ref(), &last).await;
    sound.has_taken("the last one", 3).await;
    group.has_taken("the last one", 2).await;
    assert_eq!(sound.taken().len(), 3, "the other group is not told again");
}

/// "With all its tries before it."
pub async fn what_is_told_again_may_be_refused_again(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let event = event("orders/1", json!({}));
    let group = refusing(&event);
    broker.subscribe("mail", PLACED, group.clone()).await.unwrap();
    insist(broker.as_ref(), &event).await;
    let first = letters(broker.as_ref(), 1).await;
    let before = group.seen().len();
    broker.tell_again("mail", event.id).await.unwrap();
    eventually("the tries again", SOON, async || (group.seen().len() == 2 * before).then_some(())).await;
    assert_eq!(letters(broker.as_ref(), 1).await, first);
}

/// "A retryable one says that the consumer is away", which is held against no event.
pub async fn being_away_makes_no_dead_letter(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let group = Recorder::new(|number, _| if number < 12 { Act::BeAway } else { Act::Take });
    broker.subscribe("mail", PLACED, group.clone()).await.unwrap();
    let event = event("orders/1", json!({}));
    insist(broker.as_ref(), &event).await;
    assert_eq!(group.has_taken("the event", 1).await, [event]);
    assert_eq!(broker.dead_letters(100).await.unwrap(), []);
}

/// "One that is told again holds up those behind it."
pub async fn order_waits_for_whoever_is_away(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let group = Recorder::new(|number, _| if number % 3 == 0 { Act::BeAway } else { Act::Take });
    broker.subscribe("mail", PLACED, group.clone()).await.unwrap();
    for number in 0..10 {
        insist(broker.as_ref(), &numbered("orders/1", number)).await;
    }
    let taken = group.has_taken("all of them", 10).await;
    assert_eq!(numbers(&taken, "orders/1"), (0..10).collect::<Vec<_>>());
}

/// "`NotFound` when no dead letter of this group is that event."
pub async fn what_is_no_dead_letter_is_not_found(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let event = event("orders/1", json!({}));
    broker.subscribe("mail", PLACED, refusing(&event)).await.unwrap();
    let none = broker.tell_again("mail", event.id).await;
    assert_eq!(none.unwrap_err().kind(), Kind::NotFound);
    insist(broker.as_ref(), &event).await;
    letters(broker.as_ref(), 1).await;
    for (group, id) in [("audit", event.id), ("mail", Uuid::from_u128(3))] {
        assert_eq!(broker.tell_again(group, id).await.unwrap_err().kind(), Kind::NotFound);
    }
    letters(broker.as_ref(), 1).await;
}
