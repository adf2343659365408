//! The consumer's side.

use std::sync::Arc;

use super::{RELAY, append, rows, share};
use crate::bench::Bench;
use crate::samples::{at, uuid};

/// "False when it has done so before"; "consumers do not know of each other".
pub async fn once_per_consumer_and_event(bench: &Bench) {
    let (event, other) = (uuid(), uuid());
    for (consumer, event, first) in [
        ("mail", event, true),
        ("mail", event, false),
        ("search", event, true),
        ("mail", other, true),
        ("search", event, false),
    ] {
        let accepted = bench.commit(async |tx| tx.inbox().accept(consumer, event, at(0)).await).await;
        assert_eq!(accepted, first, "{consumer} {event}");
    }
    bench
        .commit(async |tx| {
            assert!(tx.inbox().accept("mail", uuid(), at(0)).await?);
            assert!(!tx.inbox().accept("mail", event, at(0)).await?, "and the unit of work can go on");
            tx.inbox().accept("mail", uuid(), at(0)).await
        })
        .await;
}

/// "In this unit of work."
pub async fn without_the_commit_it_was_not_accepted(bench: &Bench) {
    let event = uuid();
    let tx = bench.begin().await;
    assert!(tx.inbox().accept("mail", event, at(0)).await.unwrap());
    drop(tx);
    assert!(bench.commit(async |tx| tx.inbox().accept("mail", event, at(0)).await).await);
}

/// "A unit of work that is doing it at this moment is waited for."
pub async fn of_two_at_once_one_is_first(bench: &Bench) {
    for _ in 0..10 {
        let event = uuid();
        let both = (0..2).map(|_| {
            let store = Arc::clone(&bench.store);
            tokio::spawn(async move {
                let tx = store.begin().await.unwrap();
                let first = tx.inbox().accept("mail", event, at(0)).await.unwrap();
                tx.commit().await.unwrap();
                first
            })
        });
        let mut firsts = 0;
        for one in both.collect::<Vec<_>>() {
            firsts += u32::from(one.await.unwrap());
        }
        assert_eq!(firsts, 1);
    }
}

/// "Forgets what was noted before `before`, at most `limit`, but for events that are still in the outbox."
pub async fn old_ones_are_forgotten_unless_they_may_come_again(bench: &Bench) {
    append(bench, &["ada"]).await;
    let waiting = rows(bench, &share(bench, RELAY).await, at(0)).await[0].event.id;
    let (old, older, young) = (uuid(), uuid(), uuid());
    bench
        .commit(async |tx| {
            for (event, when) in [(old, 2), (older, 1), (young, 10), (waiting, 0)] {
                for consumer in ["mail", "search"] {
                    tx.inbox().accept(consumer, event, at(when)).await?;
                }
            }
            Ok(())
        })
        .await;
    let purge = async |limit| bench.commit(async |tx| tx.inbox().purge(at(10), limit).await).await;
    assert_eq!([purge(3).await, purge(3).await, purge(3).await], [3, 1, 0]);
    for (event, forgotten) in [(old, true), (older, true), (young, false), (waiting, false)] {
        let accepted = bench.commit(async |tx| tx.inbox().accept("mail", event, at(0)).await).await;
        assert_eq!(accepted, forgotten);
    }
}
