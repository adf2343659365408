//! Events that a broker does not take, and dead letters.

use domain::Timestamp;
use ports::{DEAD_LETTER_ORDERS, Kind, OutboxRow, Setback, Unpublished};

use super::{ALL, RELAY, append, rows, share, take};
use crate::bench::Bench;
use crate::listing::keeps_its_orders;
use crate::samples::{at, first, uuid};

fn with(row: &OutboxRow, setback: Setback) -> Unpublished {
    Unpublished { id: row.id, event: row.event.id, reason: format!("no, said it, {setback:?}\0"), setback }
}

fn ids(rows: &[OutboxRow]) -> Vec<i64> {
    rows.iter().map(|row| row.id).collect()
}

/// Writes events of these subjects; the first one is dead at `died`. Its row, and the ids of the others.
async fn with_a_dead_one(bench: &Bench, subjects: &[&str], died: Timestamp) -> (OutboxRow, Vec<i64>) {
    let ids = append(bench, subjects).await;
    let mine = share(bench, RELAY).await;
    let row = rows(bench, &mine, at(0)).await.into_iter().find(|row| row.id == ids[0]).unwrap();
    bench.relay.unpublished(&mine, &[with(&row, Setback::Dead)], died).await.unwrap();
    (row, ids[1..].to_vec())
}

/// "An event that is not due yet holds up those of its subject that are younger, and no others."
pub async fn an_event_that_waits_holds_up_its_subject_and_no_other(bench: &Bench) {
    let all = append(bench, &["ada", "bob", "ada", "bob"]).await;
    let mine = share(bench, RELAY).await;
    let taken = rows(bench, &mine, at(0)).await;
    let setbacks = [
        with(&taken[0], Setback::Refused { until: at(60) }),
        with(&taken[1], Setback::Away { until: at(30) }),
    ];
    bench.relay.unpublished(&mine, &setbacks, at(0)).await.unwrap();
    append(bench, &["cem"]).await;
    assert_eq!(ids(&rows(bench, &mine, at(29)).await).len(), 1, "cem's");
    let later = rows(bench, &mine, at(30)).await;
    assert_eq!(ids(&later)[..2], [all[1], all[3]], "bob's, due at this moment");
    assert_eq!(ids(&rows(bench, &mine, at(60)).await)[..4], all);
}

/// "The broker was away, which is not held against the event."
pub async fn only_a_refusal_counts(bench: &Bench) {
    append(bench, &["ada"]).await;
    let mine = share(bench, RELAY).await;
    for (setback, refusals) in [
        (Setback::Refused { until: at(0) }, 1),
        (Setback::Away { until: at(0) }, 1),
        (Setback::Refused { until: at(0) }, 2),
    ] {
        let row = rows(bench, &mine, at(0)).await.remove(0);
        bench.relay.unpublished(&mine, &[with(&row, setback)], at(0)).await.unwrap();
        assert_eq!(rows(bench, &mine, at(0)).await[0].refusals, refusals);
    }
    let gone = Unpublished { id: 1, ..with(&rows(bench, &mine, at(0)).await[0], Setback::Dead) };
    let missing = bench.relay.unpublished(&mine, &[gone], at(0)).await;
    assert_eq!(missing.unwrap_err().kind(), Kind::Precondition, "a row that was not there");
}

/// "A dead letter holds up none": progress goes before order once an event has been given up.
pub async fn a_dead_letter_holds_up_nobody(bench: &Bench) {
    let (_, others) = with_a_dead_one(bench, &["ada", "ada", "bob"], at(5)).await;
    assert_eq!(take(bench, &share(bench, RELAY).await).await, others);
    let depth = bench.store.outbox().depth().await.unwrap();
    assert_eq!((depth.waiting, depth.dead), (2, 1));
}

/// "Lets a dead letter wait to be published again, with all its tries before it"; "`NotFound` when no dead letter is
/// that event".
pub async fn a_dead_letter_can_be_revived_once(bench: &Bench) {
    let (dead, others) = with_a_dead_one(bench, &["ada", "bob"], at(5)).await;
    bench.commit(async |tx| tx.outbox().revive(dead.event.id).await).await;
    let waiting = rows(bench, &share(bench, RELAY).await, at(0)).await;
    assert_eq!(ids(&waiting), [dead.id, others[0]]);
    assert_eq!((&waiting[0].event, waiting[0].refusals), (&dead.event, 0));
    for event in [dead.event.id, waiting[1].event.id, uuid()] {
        assert_eq!(bench.refused(async |tx| tx.outbox().revive(event).await).await, Kind::NotFound);
        assert_eq!(bench.refused(async |tx| tx.outbox().discard(event).await).await, Kind::NotFound);
    }
}

/// "Removes a dead letter for good."
pub async fn a_dead_letter_can_be_discarded(bench: &Bench) {
    let (dead, others) = with_a_dead_one(bench, &["ada", "bob"], at(5)).await;
    bench.commit(async |tx| tx.outbox().discard(dead.event.id).await).await;
    assert_eq!(bench.store.outbox().depth().await.unwrap().dead, 0);
    assert_eq!(bench.refused(async |tx| tx.outbox().discard(dead.event.id).await).await, Kind::NotFound);
    assert_eq!(take(bench, &share(bench, RELAY).await).await, others);
}

/// "Removes up to `limit` dead letters that died before this moment, for good." What waits stays, however old.
pub async fn old_dead_letters_are_purged(bench: &Bench) {
    let (_, waiting) = with_a_dead_one(bench, &["ada", "bob"], at(5)).await;
    with_a_dead_one(bench, &["cem"], at(5)).await;
    with_a_dead_one(bench, &["dan"], at(6)).await;
    let purge =
        async |before, limit| bench.commit(async |tx| tx.outbox().purge_dead(before, limit).await).await;
    assert_eq!(purge(at(5), ALL).await, 0);
    assert_eq!(purge(at(6), 1).await, 1);
    assert_eq!(purge(at(6), ALL).await, 1);
    let depth = bench.store.outbox().depth().await.unwrap();
    assert_eq!((depth.waiting, depth.dead), (1, 1));
    assert_eq!(take(bench, &share(bench, RELAY).await).await, waiting);
}

/// "Dead letters, in one of [`DEAD_LETTER_ORDERS`] or its reverse", by page, with what operators need to know.
pub async fn dead_letters_are_listed_by_pages(bench: &Bench) {
    let (oldest, _) = with_a_dead_one(bench, &["ada"], at(9)).await;
    let mine = share(bench, RELAY).await;
    append(bench, &["bob", "cem", "dan", "eve"]).await;
    let later: Vec<_> = rows(bench, &mine, at(0)).await.iter().map(|row| with(row, Setback::Dead)).collect();
    bench.relay.unpublished(&mine, &later, at(5)).await.unwrap();
    append(bench, &["fay"]).await;

    let outbox = bench.store.outbox();
    let letters = outbox.dead_letters(&first(9)).await.unwrap().rows;
    let mut newest_first: Vec<i64> = later.iter().rev().map(|row| row.id).collect();
    newest_first.push(oldest.id);
    assert_eq!(letters.iter().map(|row| row.id).collect::<Vec<_>>(), newest_first);
    let list = async |page| outbox.dead_letters(&page).await;
    keeps_its_orders(DEAD_LETTER_ORDERS, &letters, |_, letter| letter.id, list).await;
    let letter = &letters[4];
    assert_eq!((&letter.event, letter.refusals, letter.died_at), (&oldest.event, 1, Some(at(9))));
    assert!(letter.reason.as_ref().unwrap().starts_with("no, said it"), "{letter:?}");
}
