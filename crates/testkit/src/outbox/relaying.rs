//! From the unit of work to the broker's door.

use std::collections::HashSet;

use domain::EventEnvelope;
use uuid::Uuid;

use crate::bench::Bench;
use crate::samples::{event, id, uuid};

const RELAY: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

/// Writes one event per subject and commits; their ids.
async fn append(bench: &Bench, subjects: &[&str]) -> Vec<i64> {
    bench
        .commit(async |tx| {
            let mut ids = Vec::new();
            for subject in subjects {
                ids.push(id());
                tx.outbox().append(ids[ids.len() - 1], &event(subject)).await?;
            }
            Ok(ids)
        })
        .await
}

async fn take(bench: &Bench, holder: Uuid, limit: u64) -> Vec<i64> {
    bench.relay.take(holder, limit).await.unwrap().into_iter().map(|row| row.id).collect()
}

/// "Takes unpublished rows that nobody holds, oldest first"; every field of the event is kept.
pub async fn gives_events_oldest_first(bench: &Bench) {
    let full = EventEnvelope { traceparent: Some("00-1-2-01".to_owned()), ..event("users/1") };
    let bare = EventEnvelope { tenantid: None, ..event("users/2") };
    let (first, second) = (id(), id());
    bench
        .commit(async |tx| {
            tx.outbox().append(second, &bare).await?;
            tx.outbox().append(first, &full).await
        })
        .await;
    let rows = bench.relay.take(RELAY, 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [first, second]);
    assert_eq!(rows[0].event, full);
    assert_eq!(rows[1].event, bare);
}

/// "It is published once the unit of work has committed, and never otherwise."
pub async fn is_never_told_without_the_commit(bench: &Bench) {
    let tx = bench.begin().await;
    tx.outbox().append(id(), &event("users/1")).await.unwrap();
    drop(tx);
    assert!(take(bench, RELAY, 10).await.is_empty());
}

/// "That nobody holds", and no more than asked for.
pub async fn what_is_held_is_not_taken_again(bench: &Bench) {
    let ids = append(bench, &["a", "b", "c"]).await;
    assert_eq!(take(bench, RELAY, 2).await, ids[..2]);
    assert_eq!(take(bench, RELAY, 10).await, ids[2..]);
    assert!(take(bench, OTHER, 10).await.is_empty());
    assert!(take(bench, RELAY, 10).await.is_empty());
}

/// "Removes published rows."
pub async fn published_rows_are_gone(bench: &Bench) {
    let ids = append(bench, &["a", "b"]).await;
    take(bench, RELAY, 10).await;
    bench.relay.published(&ids[..1]).await.unwrap();
    bench.relay.published(&ids[..1]).await.unwrap();
    bench.relay.published(&[]).await.unwrap();
    assert_eq!(bench.relay.rescue(RELAY).await.unwrap(), 1);
    assert_eq!(take(bench, OTHER, 10).await, ids[1..]);
}

/// "Gives rows back that could not be published."
pub async fn what_is_given_back_is_taken_again(bench: &Bench) {
    let ids = append(bench, &["a", "b"]).await;
    take(bench, RELAY, 10).await;
    bench.relay.give_back(&ids[1..]).await.unwrap();
    bench.relay.give_back(&[]).await.unwrap();
    assert_eq!(take(bench, OTHER, 10).await, ids[1..]);
}

/// "A transaction that commits late has a small id": it is found all the same.
pub async fn a_late_commit_is_found(bench: &Bench) {
    let small = id();
    let large = append(bench, &["a"]).await;
    assert_eq!(take(bench, RELAY, 10).await, large);
    bench.relay.published(&large).await.unwrap();
    bench.commit(async |tx| tx.outbox().append(small, &event("b")).await).await;
    assert_eq!(take(bench, RELAY, 10).await, [small]);
}

/// The same row goes to one relay, however many take at once.
pub async fn two_relays_never_take_the_same_one(bench: &Bench) {
    let subjects: Vec<String> = (0..40).map(|number| format!("users/{number}")).collect();
    let ids = append(bench, &subjects.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let relays = (0..8).map(|_| {
        let (relay, holder) = (bench.relay.clone(), uuid());
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let taken = relay.take(holder, 3).await.unwrap();
                if taken.is_empty() {
                    return mine;
                }
                mine.extend(taken.into_iter().map(|row| row.id));
            }
        })
    });
    let mut all = Vec::new();
    for relay in relays.collect::<Vec<_>>() {
        all.extend(relay.await.unwrap());
    }
    assert_eq!(all.len(), 40);
    assert_eq!(all.into_iter().collect::<HashSet<_>>(), ids.into_iter().collect());
}

/// "Events of one subject are delivered in order": a younger one stays while an older one is in somebody's hands.
pub async fn events_of_one_subject_stay_in_order(bench: &Bench) {
    let ids = append(bench, &["ada", "ada", "bob", "ada"]).await;
    assert_eq!(take(bench, RELAY, 1).await, ids[..1]);
    assert_eq!(take(bench, OTHER, 10).await, [ids[2]], "bob's may go, ada's wait");
    bench.relay.published(&ids[..1]).await.unwrap();
    assert_eq!(take(bench, OTHER, 10).await, [ids[1], ids[3]]);
}

/// "Gives back everything a fallen holder took. How many."
pub async fn rescue_gives_back_what_a_holder_took(bench: &Bench) {
    let ids = append(bench, &["a", "b", "c"]).await;
    take(bench, RELAY, 2).await;
    take(bench, OTHER, 1).await;
    assert_eq!(bench.relay.rescue(RELAY).await.unwrap(), 2);
    assert_eq!(take(bench, OTHER, 10).await, ids[..2]);
    assert_eq!(bench.relay.rescue(RELAY).await.unwrap(), 0);
}
