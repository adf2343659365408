//! Messages.

use ports::Subscription;

use super::{CacheBench, SOON};
use crate::poll::promptly;

async fn next(subscription: &mut dyn Subscription) -> String {
    let message = promptly("a message", SOON, subscription.next()).await.unwrap();
    String::from_utf8(message.to_vec()).unwrap()
}

/// "Messages published after this has returned arrive, in the publisher's order."
pub async fn messages_arrive_in_order(bench: &CacheBench) {
    bench.other.publish("news", b"too early").await.unwrap();
    let mut subscription = bench.cache.subscribe("news").await.unwrap();
    for number in 0..100 {
        bench.other.publish("news", number.to_string().as_bytes()).await.unwrap();
    }
    for number in 0..100 {
        assert_eq!(next(&mut *subscription).await, number.to_string());
    }
}

/// "Messages of one channel."
pub async fn other_channels_stay_silent(bench: &CacheBench) {
    let mut subscription = bench.cache.subscribe("news").await.unwrap();
    for channel in ["new", "newss", "NEWS", "*", "n?ws"] {
        bench.cache.publish(channel, b"other").await.unwrap();
    }
    bench.cache.publish("news", b"own").await.unwrap();
    assert_eq!(next(&mut *subscription).await, "own");
}

/// "Tells all subscribers."
pub async fn every_subscriber_gets_them(bench: &CacheBench) {
    let mut here = bench.cache.subscribe("news").await.unwrap();
    let mut there = bench.other.subscribe("news").await.unwrap();
    bench.cache.publish("news", b"\0one").await.unwrap();
    for subscription in [&mut here, &mut there] {
        assert_eq!(next(&mut **subscription).await, "\0one");
    }
}

/// "Being dropped while it waits loses none."
pub async fn giving_up_waiting_loses_none(bench: &CacheBench) {
    let mut subscription = bench.cache.subscribe("news").await.unwrap();
    // Polled once, then dropped.
    tokio::select! {
        biased;
        _ = subscription.next() => panic!("nothing has been published"),
        () = std::future::ready(()) => {}
    }
    bench.cache.publish("news", b"one").await.unwrap();
    assert_eq!(next(&mut *subscription).await, "one");
}

/// Nobody need listen.
pub async fn publishing_to_nobody_succeeds(bench: &CacheBench) {
    bench.cache.publish("nobody", b"one").await.unwrap();
    drop(bench.cache.subscribe("nobody").await.unwrap());
    bench.cache.publish("nobody", b"two").await.unwrap();
    bench.cache.publish("nobody", b"three").await.unwrap();
}
