//! What is told of revisions, and what must not be.

use std::collections::HashSet;

use ports::{Place, Raise, RevisionMirror, RevisionOf, Seen};

use super::MirrorBench;

const ADA: RevisionOf = RevisionOf::User(1);

async fn seen(mirror: &dyn RevisionMirror, of: RevisionOf) -> Seen {
    mirror.look(&[of]).await.unwrap().remove(0)
}

async fn place(mirror: &dyn RevisionMirror, of: RevisionOf) -> Place {
    match seen(mirror, of).await {
        Seen::Open(place) => place,
        other => panic!("{other:?}"),
    }
}

async fn fill(mirror: &dyn RevisionMirror, place: &Place, revision: i64) {
    mirror.fill(&[(place.clone(), revision)]).await.unwrap();
}

fn raise(mirror: &dyn RevisionMirror) -> Raise {
    Raise { of: vec![ADA], ticket: mirror.ticket().unwrap() }
}

/// "Writes what was read at the source", for everybody.
pub async fn what_is_filled_is_told(bench: &MirrorBench) {
    let place = place(&*bench.mirror, ADA).await;
    fill(&*bench.mirror, &place, i64::MAX).await;
    for mirror in [&bench.mirror, &bench.other] {
        assert_eq!(seen(&**mirror, ADA).await, Seen::At(i64::MAX));
    }
}

/// "What is known of each, in their order."
pub async fn each_is_one_by_itself(bench: &MirrorBench) {
    let all =
        [RevisionOf::Tenant(1), RevisionOf::Platform, ADA, RevisionOf::User(11), RevisionOf::Tenant(11)];
    let looked = bench.mirror.look(&all).await.unwrap();
    let places: Vec<_> = looked
        .into_iter()
        .zip(1..)
        .map(|(seen, revision)| match seen {
            Seen::Open(place) => (place, revision),
            other => panic!("{other:?}"),
        })
        .collect();
    bench.mirror.fill(&places[1..]).await.unwrap();
    let told = bench.other.look(&all).await.unwrap();
    assert_eq!(told, [Seen::Busy, Seen::At(2), Seen::At(3), Seen::At(4), Seen::At(5)]);
    let raise = Raise { of: vec![ADA, RevisionOf::Tenant(11)], ticket: bench.other.ticket().unwrap() };
    bench.other.raising(&raise).await.unwrap();
    let told = bench.mirror.look(&all).await.unwrap();
    assert_eq!(told, [Seen::Busy, Seen::At(2), Seen::Busy, Seen::At(4), Seen::Busy]);
}

/// "Of several callers who find nothing, one gets the place."
pub async fn one_of_many_gets_the_place(bench: &MirrorBench) {
    let looks = (0..20).map(|number| if number % 2 == 0 { &bench.mirror } else { &bench.other });
    let all = futures_util::future::join_all(looks.map(|mirror| seen(&**mirror, ADA))).await;
    let open = all.iter().filter(|seen| matches!(seen, Seen::Open(_))).count();
    let busy = all.iter().filter(|seen| **seen == Seen::Busy).count();
    assert_eq!((open, busy), (1, 19));
}

/// "Nothing is written in a place that has been taken away meanwhile by a raise", wherever the raise is.
pub async fn a_slow_reader_does_not_bring_back_what_was_raised(bench: &MirrorBench) {
    let raise = raise(&*bench.other);
    let slow = place(&*bench.mirror, ADA).await;
    bench.other.raising(&raise).await.unwrap();
    fill(&*bench.mirror, &slow, 1).await;
    assert_eq!(seen(&*bench.mirror, ADA).await, Seen::Busy);
    bench.other.raised(&raise).await.unwrap();
    fill(&*bench.mirror, &slow, 1).await;
    // Nor in the place that the next one has got.
    let next = place(&*bench.mirror, ADA).await;
    fill(&*bench.mirror, &slow, 1).await;
    assert_eq!(seen(&*bench.mirror, ADA).await, Seen::Busy);
    fill(&*bench.mirror, &next, 2).await;
    fill(&*bench.mirror, &slow, 1).await;
    assert_eq!(seen(&*bench.mirror, ADA).await, Seen::At(2));
}

/// "Whoever looks is told nothing from here on", and gets no place.
pub async fn nobody_is_told_anything_during_a_raise(bench: &MirrorBench) {
    let place = place(&*bench.mirror, ADA).await;
    fill(&*bench.mirror, &place, 1).await;
    bench.other.raising(&raise(&*bench.other)).await.unwrap();
    for mirror in [&bench.mirror, &bench.other] {
        assert_eq!(seen(&**mirror, ADA).await, Seen::Busy);
    }
}

/// "Once `raised` has succeeded, nobody is told a revision from before", and the next one may be written.
pub async fn what_is_read_after_a_raise_is_told(bench: &MirrorBench) {
    for revision in 1..4 {
        let place = place(&*bench.mirror, ADA).await;
        fill(&*bench.mirror, &place, revision).await;
        assert_eq!(seen(&*bench.mirror, ADA).await, Seen::At(revision));
        let raise = raise(&*bench.other);
        bench.other.raising(&raise).await.unwrap();
        bench.other.raised(&raise).await.unwrap();
    }
}

/// "What others have begun to raise since stays theirs."
pub async fn a_raise_of_another_stays_theirs(bench: &MirrorBench) {
    let (first, second) = (raise(&*bench.mirror), raise(&*bench.other));
    bench.mirror.raising(&first).await.unwrap();
    bench.other.raising(&second).await.unwrap();
    bench.mirror.raised(&first).await.unwrap();
    assert_eq!(seen(&*bench.mirror, ADA).await, Seen::Busy);
    bench.other.raised(&second).await.unwrap();
    place(&*bench.mirror, ADA).await;
}

/// The mark may be lost, or could not be set: the end of the raise takes away what was written meanwhile.
pub async fn a_raise_that_was_not_announced_counts(bench: &MirrorBench) {
    let slow = place(&*bench.mirror, ADA).await;
    bench.other.raised(&raise(&*bench.other)).await.unwrap();
    fill(&*bench.mirror, &slow, 1).await;
    let second = place(&*bench.mirror, ADA).await;
    fill(&*bench.mirror, &second, 1).await;
    bench.other.raised(&raise(&*bench.other)).await.unwrap();
    place(&*bench.mirror, ADA).await;
}

/// "For how long after a look what was read then is told at most": filling late does not make it longer.
pub async fn is_over_in_time_from_the_look_on(bench: &MirrorBench) {
    let first = place(&*bench.mirror, ADA).await;
    if let Some(clock) = &bench.clock {
        clock.advance(bench.mirror.memory() / 2);
        fill(&*bench.mirror, &first, 1).await;
        assert_eq!(seen(&*bench.mirror, ADA).await, Seen::At(1));
        clock.advance(bench.mirror.memory() / 2);
        place(&*bench.mirror, ADA).await;
        return;
    }
    let begun = tokio::time::Instant::now();
    // Written again and again, as by readers that are slow.
    bench
        .is_over("what was read", async || {
            fill(&*bench.mirror, &first, 1).await;
            !matches!(seen(&*bench.other, ADA).await, Seen::At(_))
        })
        .await;
    let memory = bench.mirror.memory();
    assert!(begun.elapsed() >= memory / 2, "{:?}", begun.elapsed());
    fill(&*bench.mirror, &first, 1).await;
    assert_eq!(seen(&*bench.other, ADA).await, Seen::Busy);
}

/// "After a crash, for as long as its memory."
pub async fn a_raise_that_nobody_ends_is_over_in_time(bench: &MirrorBench) {
    bench.mirror.raising(&raise(&*bench.mirror)).await.unwrap();
    assert_eq!(seen(&*bench.other, ADA).await, Seen::Busy);
    bench.is_over("the raise", async || matches!(seen(&*bench.other, ADA).await, Seen::Open(_))).await;
}

/// "Nobody else has the same."
pub async fn tickets_are_never_the_same(bench: &MirrorBench) {
    let places = [place(&*bench.mirror, RevisionOf::User(2)), place(&*bench.other, RevisionOf::User(3))];
    let places = futures_util::future::join_all(places).await;
    assert_ne!(places[0].ticket, places[1].ticket);
    let tickets: HashSet<String> = (0..1000).map(|_| bench.mirror.ticket().unwrap()).collect();
    assert_eq!(tickets.len(), 1000);
}
