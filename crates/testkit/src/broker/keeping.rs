//! Brokers that keep events: members that share, leave, fall, and come late.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;

use super::closing::Gate;
use super::{Act, BrokerBench, PLACED, Recorder, SOON, event, insist, numbered, numbers};
use crate::poll::promptly;

/// "Returns when the broker has taken responsibility", not when somebody has handled it.
pub async fn publishing_waits_for_no_handler(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let gate = Arc::new(Gate::default());
    broker.subscribe("mail", PLACED, gate.clone()).await.unwrap();
    insist(broker.as_ref(), &event("orders/1", json!({}))).await;
    promptly("a handler that runs", SOON, gate.runs.notified()).await;
    promptly("publishing", SOON, insist(broker.as_ref(), &event("orders/1", json!({})))).await;
    gate.opens.notify_one();
    promptly("the next one", SOON, gate.runs.notified()).await;
    gate.opens.notify_one();
}

/// "Within a group each event is handled by one member."
pub async fn one_member_of_a_group_handles_an_event(bench: &BrokerBench) {
    let (one, two) = (bench.ready().await, bench.ready().await);
    let group = Recorder::taking();
    for member in [&one, &two] {
        member.subscribe("mail", PLACED, group.clone()).await.unwrap();
    }
    let events: Vec<_> = (0..40).map(|number| numbered(&format!("orders/{}", number % 8), number)).collect();
    for event in &events {
        insist(one.as_ref(), event).await;
    }
    group.has_taken("all events", events.len()).await;
    // Whoever would tell them twice has had the time of one more.
    let last = numbered("orders/last", 0);
    insist(two.as_ref(), &last).await;
    let mut taken = group.has_taken("the last one", events.len() + 1).await;
    taken.sort_by_key(|event| event.id);
    let expected: Vec<_> = events.into_iter().chain([last]).collect();
    assert_eq!(taken, expected);
}

/// The order is the group's, whoever of it handles an event.
pub async fn order_holds_over_several_members(bench: &BrokerBench) {
    let members = [bench.ready().await, bench.ready().await, bench.ready().await];
    let group = Recorder::taking();
    for member in &members {
        member.subscribe("mail", PLACED, group.clone()).await.unwrap();
    }
    let subjects = ["orders/1", "orders/2", "orders/3"];
    for number in 0..30 {
        for subject in subjects {
            insist(members[number % 3].as_ref(), &numbered(subject, number)).await;
        }
    }
    let taken = group.has_taken("all events", 90).await;
    for subject in subjects {
        assert_eq!(numbers(&taken, subject), (0..30).collect::<Vec<_>>(), "{subject}");
    }
}

/// Many at once lose nothing, and mix nothing up.
pub async fn concurrent_publishers_lose_nothing(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let group = Recorder::taking();
    broker.subscribe("mail", PLACED, group.clone()).await.unwrap();
    let broker = broker.as_ref();
    join_all((0..8).map(async |publisher| {
        for number in 0..50 {
            insist(broker, &numbered(&format!("orders/{publisher}"), number)).await;
        }
    }))
    .await;
    let taken = group.has_taken("all events", 400).await;
    for publisher in 0..8 {
        assert_eq!(numbers(&taken, &format!("orders/{publisher}")), (0..50).collect::<Vec<_>>());
    }
}

/// "They are kept until each group has handled them", whether a member is there or not.
pub async fn what_nobody_heard_is_kept_for_the_group(bench: &BrokerBench) {
    let first = bench.ready().await;
    first.subscribe("mail", PLACED, Recorder::taking()).await.unwrap();
    first.close().await;
    let publisher = bench.ready().await;
    for number in 0..20 {
        insist(publisher.as_ref(), &numbered("orders/1", number)).await;
    }
    let (later, group) = (bench.ready().await, Recorder::taking());
    later.subscribe("mail", PLACED, group.clone()).await.unwrap();
    let taken = group.has_taken("what was published meanwhile", 20).await;
    assert_eq!(numbers(&taken, "orders/1"), (0..20).collect::<Vec<_>>());
}

/// "Dropping a broker without this is as a crash: what was in hand is told again."
pub async fn what_a_fallen_member_had_in_hand_is_told_to_another(bench: &BrokerBench) {
    let publisher = bench.ready().await;
    let (fallen, gate) = (bench.ready().await, Arc::new(Gate::default()));
    fallen.subscribe("mail", PLACED, gate.clone()).await.unwrap();
    for number in 0..3 {
        insist(publisher.as_ref(), &numbered("orders/1", number)).await;
    }
    promptly("a handler that runs", SOON, gate.runs.notified()).await;
    drop(fallen);
    let (other, group) = (bench.ready().await, Recorder::taking());
    other.subscribe("mail", PLACED, group.clone()).await.unwrap();
    let taken = group.has_taken("all three", 3).await;
    assert_eq!(numbers(&taken, "orders/1"), [0, 1, 2]);
}

/// "What has not been handled is left to other members."
pub async fn what_a_closing_member_leaves_is_told_to_another(bench: &BrokerBench) {
    let leaving = bench.ready().await;
    let away = Recorder::new(|_, _| Act::BeAway);
    leaving.subscribe("mail", PLACED, away.clone()).await.unwrap();
    for number in 0..3 {
        insist(leaving.as_ref(), &numbered("orders/1", number)).await;
    }
    crate::poll::eventually("a member that was asked", SOON, async || {
        (!away.seen().is_empty()).then_some(())
    })
    .await;
    promptly("closing", SOON, leaving.close()).await;
    let (other, group) = (bench.ready().await, Recorder::taking());
    other.subscribe("mail", PLACED, group.clone()).await.unwrap();
    let taken = group.has_taken("all three", 3).await;
    assert_eq!(numbers(&taken, "orders/1"), [0, 1, 2]);
}

/// Half a mebibyte is less than what any server refuses.
pub async fn a_large_event_arrives(bench: &BrokerBench) {
    let broker = bench.ready().await;
    let group = Recorder::taking();
    broker.subscribe("mail", PLACED, group.clone()).await.unwrap();
    let large = event("orders/1", json!({ "text": "ä".repeat(256 * 1024) }));
    insist(broker.as_ref(), &large).await;
    assert_eq!(group.has_taken("the event", 1).await, [large]);
}
