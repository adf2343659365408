//! From the unit of work to the broker's door.

use domain::EventEnvelope;
use ports::{Kind, OutboxDepth};

use super::{RELAY, append, rows, share, take};
use crate::bench::Bench;
use crate::samples::{at, at_millis, event, id};

/// "Waiting events of these partitions, oldest first"; every field of the event is kept.
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
    let rows = rows(bench, &share(bench, RELAY).await, at(0)).await;
    assert_eq!(rows.iter().map(|row| (row.id, row.refusals)).collect::<Vec<_>>(), [(first, 0), (second, 0)]);
    assert_eq!(rows[0].event, full);
    assert_eq!(rows[1].event, bare);
}

/// "It is published once the unit of work has committed, and never otherwise."
pub async fn is_never_told_without_the_commit(bench: &Bench) {
    let tx = bench.begin().await;
    tx.outbox().append(id(), &event("users/1")).await.unwrap();
    drop(tx);
    assert!(take(bench, &share(bench, RELAY).await).await.is_empty());
}

/// "Asked twice, it gives the same rows twice", and no more than asked for.
pub async fn gives_what_is_asked_for_until_it_is_settled(bench: &Bench) {
    let ids = append(bench, &["a", "b", "c"]).await;
    let mine = share(bench, RELAY).await;
    for _ in 0..2 {
        let two = bench.relay.take(&mine, 2, at(0)).await.unwrap();
        assert_eq!(two.iter().map(|row| row.id).collect::<Vec<_>>(), ids[..2]);
    }
    assert!(take(bench, &[]).await.is_empty());
    assert_eq!(take(bench, &mine[..1]).await.len() + take(bench, &mine[1..]).await.len(), 3);
}

/// "Removes published rows"; "`Precondition` when a row was not there …; the others are removed."
pub async fn published_rows_are_gone(bench: &Bench) {
    let ids = append(bench, &["a", "b", "c"]).await;
    let mine = share(bench, RELAY).await;
    bench.relay.published(&mine, &ids[..1]).await.unwrap();
    assert_eq!(take(bench, &mine).await, ids[1..]);
    let again = bench.relay.published(&mine, &ids[..2]).await.unwrap_err();
    assert_eq!(again.kind(), Kind::Precondition);
    assert_eq!(take(bench, &mine).await, ids[2..]);
    bench.relay.published(&mine, &[]).await.unwrap();
}

/// "A transaction that commits late has a small id": it is found all the same.
pub async fn a_late_commit_is_found(bench: &Bench) {
    let small = id();
    let large = append(bench, &["a"]).await;
    let mine = share(bench, RELAY).await;
    assert_eq!(take(bench, &mine).await, large);
    bench.relay.published(&mine, &large).await.unwrap();
    bench.commit(async |tx| tx.outbox().append(small, &event("b")).await).await;
    assert_eq!(take(bench, &mine).await, [small]);
}

/// "How much waits, and since when."
pub async fn tells_how_much_waits(bench: &Bench) {
    assert_eq!(bench.store.outbox().depth().await.unwrap(), OutboxDepth::default());
    let young = EventEnvelope { time: at_millis(9), ..event("a") };
    bench.commit(async |tx| tx.outbox().append(id(), &young).await).await;
    append(bench, &["a", "b"]).await;
    let depth = bench.store.outbox().depth().await.unwrap();
    assert_eq!(depth, OutboxDepth { waiting: 3, oldest: Some(at_millis(7)), dead: 0 });
}
