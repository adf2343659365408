//! Fakes keep the contracts too.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use ports::{Clock, Cluster, Kind, Random};

use super::{FakeCluster, FixedClock, MemoryBlobs, MemoryMirror, SeededRandom};
use crate::blobs::Depot;
use crate::mirror::MirrorBench;

crate::clock_suite!(FixedClock::default());

#[allow(clippy::unused_async, reason = "the suite waits for depots")]
async fn depot() -> Option<Depot> {
    Some(Depot::new(Arc::new(MemoryBlobs::default()), ()))
}

crate::blobs_suite!(depot());

#[allow(clippy::unused_async, reason = "the suite waits for mirrors")]
async fn mirror() -> Option<MirrorBench> {
    let clock = Arc::new(FixedClock::default());
    let mirror = Arc::new(MemoryMirror::new(Arc::clone(&clock)));
    Some(MirrorBench { other: mirror.clone(), mirror, clock: Some(clock), keep: Box::new(()) })
}

crate::mirror_suite!(mirror());

#[test]
fn a_fixed_clock_moves_when_told() {
    let clock = FixedClock::default();
    let start = clock.now();
    clock.advance(Duration::from_micros(1500));
    assert_eq!(clock.now() - start, TimeDelta::milliseconds(1));
    clock.set(start);
    assert_eq!(clock.now(), start);
}

#[test]
fn seeded_randomness_repeats_with_its_seed_and_not_within() {
    let draw = |random: &SeededRandom| {
        let mut bytes = [0; 20];
        random.fill(&mut bytes).unwrap();
        bytes
    };
    let (one, two) = (SeededRandom::new(5), SeededRandom::new(5));
    let first = draw(&one);
    assert_eq!(first, draw(&two));
    assert_ne!(first, draw(&one));
}

#[test]
fn a_lost_node_id_is_unavailable_until_there_is_another() {
    let cluster = FakeCluster::default();
    assert_eq!(cluster.node().unwrap(), 1);
    cluster.lose_node();
    assert_eq!(cluster.node().unwrap_err().kind(), Kind::Unavailable);
    cluster.set_node(2);
    assert_eq!(cluster.node().unwrap(), 2);
}
