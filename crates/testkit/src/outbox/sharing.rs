//! Who serves which partition.

use std::collections::HashSet;

use ports::{Kind, Partition, Setback, Unpublished};
use uuid::Uuid;

use super::{OTHER, RELAY, append, rows, share, take};
use crate::bench::Bench;
use crate::samples::{at, uuid};

fn numbers(partitions: &[Partition]) -> HashSet<i16> {
    partitions.iter().map(|one| one.number).collect()
}

/// "Each partition has a holder": all of them the only one's, from the first call on, and unchanged by further calls.
pub async fn the_first_relay_has_everything(bench: &Bench) {
    let subjects: Vec<String> = (0..100).map(|number| format!("users/{number}")).collect();
    append(bench, &subjects.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mine = share(bench, RELAY).await;
    assert_eq!(take(bench, &mine).await.len(), 100);
    assert_eq!(share(bench, RELAY).await, mine);
}

/// "Within a few calls of all relays each partition has a holder, and no relay has more than its part, rounded up";
/// `rescue` "frees the partitions of a holder … and no longer counts it among the relays. How many".
pub async fn relays_come_and_go(bench: &Bench) {
    let all = numbers(&share(bench, RELAY).await);
    let relays: Vec<Uuid> = std::iter::once(RELAY).chain((0..4).map(|_| uuid())).collect();
    for present in [1, 2, 3, 5] {
        settled(bench, &relays[..present], &all).await;
    }
    let had = share(bench, relays[4]).await.len() as u64;
    assert_eq!(bench.relay.rescue(relays[4]).await.unwrap(), had);
    assert_eq!(bench.relay.rescue(relays[4]).await.unwrap(), 0);
    settled(bench, &relays[..4], &all).await;
    for gone in &relays[1..4] {
        bench.relay.rescue(*gone).await.unwrap();
    }
    settled(bench, &relays[..1], &all).await;
}

/// After a few calls of each, these relays have everything, and none too much.
async fn settled(bench: &Bench, relays: &[Uuid], all: &HashSet<i16>) {
    for _ in 0..3 {
        for relay in relays {
            share(bench, *relay).await;
        }
    }
    let mut served = HashSet::new();
    for relay in relays {
        let mine = numbers(&share(bench, *relay).await);
        assert!(mine.len() <= all.len().div_ceil(relays.len()), "{} of {}", mine.len(), relays.len());
        assert!(served.is_disjoint(&mine), "nobody else's");
        served.extend(mine);
    }
    assert_eq!(served, *all);
}

/// "A partition is one relay's at a time", however many ask at once.
pub async fn a_share_is_never_two_relays(bench: &Bench) {
    let asking = (0..6).map(|_| {
        let (relay, holder) = (bench.relay.clone(), uuid());
        tokio::spawn(async move {
            relay.share(holder).await.unwrap();
            holder
        })
    });
    let mut holders = Vec::new();
    for one in asking.collect::<Vec<_>>() {
        holders.push(one.await.unwrap());
    }
    let mut seen = HashSet::new();
    for _ in 0..3 {
        for holder in &holders {
            share(bench, *holder).await;
        }
    }
    for holder in holders {
        for partition in share(bench, holder).await {
            assert!(seen.insert(partition.number), "{partition:?} twice");
        }
    }
}

/// "Whoever writes under an older one is refused": a relay that was paused, taken for fallen, and goes on.
pub async fn nothing_is_done_under_an_old_token(bench: &Bench) {
    let ids = append(bench, &["a", "b"]).await;
    let old = share(bench, RELAY).await;
    assert_eq!(take(bench, &old).await, ids);
    bench.relay.rescue(RELAY).await.unwrap();
    assert!(take(bench, &old).await.is_empty(), "not even while nobody has it");

    let new = share(bench, OTHER).await;
    assert_eq!(numbers(&new), numbers(&old));
    assert!(take(bench, &old).await.is_empty());
    assert_eq!(bench.relay.published(&old, &ids).await.unwrap_err().kind(), Kind::Precondition);
    let dead = rows(bench, &new, at(0)).await.into_iter().map(|row| Unpublished {
        id: row.id,
        event: row.event.id,
        reason: "too late".to_owned(),
        setback: Setback::Dead,
    });
    let late = bench.relay.unpublished(&old, &dead.collect::<Vec<_>>(), at(0)).await;
    assert_eq!(late.unwrap_err().kind(), Kind::Precondition);
    assert_eq!(take(bench, &new).await, ids, "nothing has changed");
    bench.relay.published(&new, &ids).await.unwrap();
}

/// "All events of a subject lie in one partition."
pub async fn a_subject_stays_in_its_partition(bench: &Bench) {
    for _ in 0..3 {
        append(bench, &["ada", "bob", "cem"]).await;
    }
    let mut found = 0;
    for partition in share(bench, RELAY).await {
        let mut of: HashSet<String> = HashSet::new();
        let rows = rows(bench, &[partition], at(0)).await;
        found += rows.len();
        of.extend(rows.iter().map(|row| row.event.subject.clone()));
        assert_eq!(rows.len(), of.len() * 3, "all three of each");
    }
    assert_eq!(found, 9);
}
