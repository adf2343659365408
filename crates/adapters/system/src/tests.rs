//! The clock suite, and what ids promise.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chrono::DateTime;
use domain::Timestamp;
use ports::{Clock, Ids, Kind, Random};
use testkit::fakes::{FakeCluster, FixedClock, SeededRandom};
use uuid::{Uuid, Variant, Version};

use crate::ids::EPOCH_MS;
use crate::pool::RandomPool;
use crate::{OsRandom, SnowflakeIds, SystemClock};

testkit::clock_suite!(SystemClock);

fn at(ms: i64) -> Timestamp {
    DateTime::from_timestamp_millis(ms).unwrap()
}

struct World {
    clock: Arc<FixedClock>,
    cluster: Arc<FakeCluster>,
    ids: SnowflakeIds,
}

fn world(ms_after_epoch: i64, node: u16) -> World {
    let clock = Arc::new(FixedClock::at(at(EPOCH_MS + ms_after_epoch)));
    let cluster = Arc::new(FakeCluster::new(node));
    let ids = SnowflakeIds::new(clock.clone(), Arc::new(SeededRandom::new(1)), cluster.clone());
    World { clock, cluster, ids }
}

/// Draws from eight threads at once on the system's own clock.
fn draw<T: Send + 'static>(next: impl Fn(&SnowflakeIds) -> T + Copy + Send + 'static) -> Vec<Vec<T>> {
    let ids = SnowflakeIds::new(Arc::new(SystemClock), Arc::new(OsRandom), Arc::new(FakeCluster::new(7)));
    let ids = Arc::new(ids);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let ids = ids.clone();
            thread::spawn(move || (0..50_000).map(|_| next(&ids)).collect())
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

#[test]
fn the_epoch_is_the_year_2026() {
    assert_eq!(at(EPOCH_MS).to_rfc3339(), "2026-01-01T00:00:00+00:00");
}

#[test]
fn a_snowflake_is_time_then_node_then_count() {
    let world = world(5, 1023);
    assert_eq!(world.ids.snowflake().unwrap(), 5 << 22 | 1023 << 12);
    assert_eq!(world.ids.snowflake().unwrap(), 5 << 22 | 1023 << 12 | 1);
    world.clock.advance(Duration::from_millis(2));
    assert_eq!(world.ids.snowflake().unwrap(), 7 << 22 | 1023 << 12);
}

#[test]
fn the_last_millisecond_is_positive_and_the_next_is_refused() {
    let world = world((1 << 41) - 1, 1023);
    assert!(world.ids.snowflake().unwrap() > 0);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.ids.snowflake().unwrap_err().kind(), Kind::Internal);
}

#[test]
fn a_full_millisecond_borrows_from_the_next() {
    let world = world(5, 0);
    let ids: Vec<i64> = (0..4097).map(|_| world.ids.snowflake().unwrap()).collect();
    assert_eq!(ids[4095], 5 << 22 | 4095);
    assert_eq!(ids[4096], 6 << 22);
}

#[test]
fn a_clock_set_back_does_not_set_ids_back() {
    let world = world(1000, 3);
    let (snowflake, uuid) = (world.ids.snowflake().unwrap(), world.ids.uuid().unwrap());
    world.clock.set(at(EPOCH_MS - 1));
    assert!(world.ids.snowflake().unwrap() > snowflake);
    assert!(world.ids.uuid().unwrap() > uuid);
}

#[test]
fn without_a_node_id_there_is_no_snowflake() {
    let world = world(1, 3);
    world.cluster.lose_node();
    assert_eq!(world.ids.snowflake().unwrap_err().kind(), Kind::Unavailable);
    world.cluster.set_node(4);
    assert_eq!(world.ids.snowflake().unwrap() >> 12 & 1023, 4);
}

#[test]
fn snowflakes_of_many_threads_are_unique_and_grow_in_each() {
    let drawn = draw(|ids| ids.snowflake().unwrap());
    assert!(drawn.iter().all(|ids| ids.is_sorted_by(|a, b| a < b)));
    assert_eq!(drawn.iter().flatten().collect::<HashSet<_>>().len(), 400_000);
}

#[test]
fn uuids_of_many_threads_are_unique_and_grow_in_each() {
    let drawn = draw(|ids| ids.uuid().unwrap());
    assert!(drawn.iter().all(|ids| ids.is_sorted_by(|a, b| a < b)));
    assert_eq!(drawn.iter().flatten().collect::<HashSet<&Uuid>>().len(), 400_000);
}

#[test]
fn a_uuid_is_version_7_with_the_clocks_milliseconds() {
    let world = world(5, 0);
    let uuid = world.ids.uuid().unwrap();
    assert_eq!((uuid.get_version(), uuid.get_variant()), (Some(Version::SortRand), Variant::RFC4122));
    assert_eq!(i64::try_from(uuid.as_u128() >> 80).unwrap(), EPOCH_MS + 5);
}

#[test]
fn uuids_grow_within_one_millisecond_even_when_the_counter_overflows() {
    let world = world(5, 0);
    let ids: Vec<Uuid> = (0..10_000).map(|_| world.ids.uuid().unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b));
}

#[test]
fn the_system_gives_different_bytes_each_time() {
    let (mut one, mut two) = ([0; 16], [0; 16]);
    OsRandom.fill(&mut one).unwrap();
    OsRandom.fill(&mut two).unwrap();
    assert_ne!(one, two);
}

#[test]
fn the_pool_hands_out_each_byte_once() {
    let pool = RandomPool::new(Arc::new(SeededRandom::new(1)));
    let taken: HashSet<[u8; 10]> = (0..10_000).map(|_| pool.take().unwrap()).collect();
    assert_eq!(taken.len(), 10_000);
}

#[test]
fn the_system_clock_stands_in_this_century() {
    assert!((2025..2100).contains(&chrono::Datelike::year(&SystemClock.now())));
}
