//! Brokers on a server that is killed, hangs, and comes back. No process of ours ends, and nobody subscribes again.

use std::time::Duration;

use ports::Kind;
use serde_json::json;

use super::refusing::{letters, refusing};
use super::{BrokerOutageBench, PLACED, Recorder, SOON, event, insist, numbered, numbers};
use crate::poll::{eventually, promptly};

/// As long as a relay waits for a broker.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was taken is kept, whether anybody had heard it or not. The server's process dies, not its machine.
pub async fn nothing_acknowledged_is_lost_with_the_server(bench: &BrokerOutageBench) {
    let first = bench.broker.ready().await;
    first.subscribe("mail", PLACED, Recorder::taking()).await.unwrap();
    first.close().await;
    let publisher = bench.broker.ready().await;
    for number in 0..50 {
        insist(publisher.as_ref(), &numbered("orders/1", number)).await;
    }
    bench.server.kill();
    bench.server.resume().await;
    let (later, group) = (bench.broker.ready().await, Recorder::taking());
    later.subscribe("mail", PLACED, group.clone()).await.unwrap();
    let taken = group.has_taken("all that was acknowledged", 50).await;
    assert_eq!(numbers(&taken, "orders/1"), (0..50).collect::<Vec<_>>());
}

/// Publishing is `Unavailable` meanwhile, and both ends go on by themselves.
pub async fn subscriptions_resume_after_a_restart(bench: &BrokerOutageBench) {
    let broker = bench.broker.ready().await;
    let group = Recorder::taking();
    broker.subscribe("mail", PLACED, group.clone()).await.unwrap();
    for round in 0..2 {
        let before = event("orders/1", json!({ "before": round }));
        insist(broker.as_ref(), &before).await;
        eventually("the event before", SOON, async || group.taken().contains(&before).then_some(())).await;
        bench.server.kill();
        let lost = event("orders/1", json!({ "lost": round }));
        let refused = promptly("publishing while it is away", PATIENCE, broker.publish(&lost)).await;
        assert_eq!(refused.unwrap_err().kind(), Kind::Unavailable);
        assert_eq!(broker.check().await.unwrap_err().kind(), Kind::Unavailable);
        bench.server.resume().await;
        let after = event("orders/1", json!({ "after": round }));
        insist(broker.as_ref(), &after).await;
        eventually("the event after", SOON, async || group.taken().contains(&after).then_some(())).await;
    }
}

/// They are kept as events are.
pub async fn dead_letters_survive_a_restart(bench: &BrokerOutageBench) {
    let broker = bench.broker.ready().await;
    let event = event("orders/1", json!({}));
    broker.subscribe("mail", PLACED, refusing(&event)).await.unwrap();
    insist(broker.as_ref(), &event).await;
    let before = letters(broker.as_ref(), 1).await;
    bench.server.kill();
    bench.server.resume().await;
    assert_eq!(letters(broker.as_ref(), 1).await, before);
}

/// "A server that is away is no error: what is published later comes once it is back."
pub async fn whoever_starts_while_it_is_away_is_told_later(bench: &BrokerOutageBench) {
    bench.server.kill();
    let (broker, group) = ((bench.broker.process)(), Recorder::taking());
    promptly("subscribing", PATIENCE, broker.subscribe("mail", PLACED, group.clone())).await.unwrap();
    bench.server.resume().await;
    let event = event("orders/1", json!({}));
    // Whoever publishes first is not quicker than the subscription of its own process.
    insist(broker.as_ref(), &event).await;
    assert_eq!(group.has_taken("the event", 1).await, [event]);
}

/// Hanging is as being away, and what hung goes on.
pub async fn a_server_that_hangs_is_away(bench: &BrokerOutageBench) {
    let broker = bench.broker.ready().await;
    let group = Recorder::taking();
    broker.subscribe("mail", PLACED, group.clone()).await.unwrap();
    bench.server.hang();
    let lost = event("orders/1", json!({ "lost": true }));
    let refused = promptly("publishing while it hangs", PATIENCE, broker.publish(&lost)).await;
    bench.server.go_on();
    assert_eq!(refused.unwrap_err().kind(), Kind::Unavailable);
    let after = event("orders/1", json!({ "after": true }));
    insist(broker.as_ref(), &after).await;
    eventually("the event after", SOON, async || group.taken().contains(&after).then_some(())).await;
}
