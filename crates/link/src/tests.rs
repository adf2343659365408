//! Who sees which connection, and when.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use testkit::poll::{eventually, promptly};

use super::*;

const SOON: Duration = Duration::from_secs(10);

/// A server that can be away, and counts connections.
#[derive(Default)]
struct Counting {
    away: AtomicBool,
    incomplete: AtomicBool,
    opened: AtomicU64,
}

#[derive(Clone, Default)]
struct CountingDoor(Arc<Counting>);

#[async_trait]
impl Door for CountingDoor {
    type Connection = u64;

    fn server(&self) -> &'static str {
        "counting"
    }

    async fn open(&self, _: Lost<Self>) -> Result<u64> {
        if self.0.away.load(Ordering::SeqCst) {
            return Err(away("open", "as told"));
        }
        Ok(self.0.opened.fetch_add(1, Ordering::SeqCst))
    }

    fn is_complete(&self, _: &u64) -> bool {
        !self.0.incomplete.swap(false, Ordering::SeqCst)
    }
}

#[tokio::test]
async fn the_first_connection_is_waited_for() {
    let link = Link::new(CountingDoor::default(), SOON);
    assert_eq!(link.now("test").await.unwrap().connection, 0);
}

#[tokio::test]
async fn whoever_is_late_says_nothing_about_the_next_one() {
    let link = Link::new(CountingDoor::default(), SOON);
    let first = link.now("test").await.unwrap();
    link.lost(first.epoch);
    promptly("a loss that is seen", SOON, link.gone(first.epoch)).await;
    let second = link.up("test").await.unwrap();
    assert_eq!(second.connection, 1);
    link.lost(first.epoch);
    assert_eq!(link.now("test").await.unwrap().connection, 1);
}

#[tokio::test]
async fn callers_are_refused_at_once_while_it_is_away_and_served_when_it_is_back() {
    let door = CountingDoor::default();
    let link = Link::new(door.clone(), SOON);
    let first = link.now("test").await.unwrap();
    door.0.away.store(true, Ordering::SeqCst);
    link.lost(first.epoch);
    let refused = promptly("a refusal", Duration::from_secs(1), link.now("test")).await;
    assert_eq!(refused.err().map(|error| error.kind()), Some(Kind::Unavailable));
    door.0.away.store(false, Ordering::SeqCst);
    eventually("a connection", SOON, async || link.now("test").await.ok()).await;
}

#[tokio::test]
async fn what_was_added_meanwhile_is_told_before_anybody_sees_the_connection() {
    let door = CountingDoor::default();
    door.0.incomplete.store(true, Ordering::SeqCst);
    let link = Link::new(door, SOON);
    assert_eq!(link.now("test").await.unwrap().connection, 1, "the first one was incomplete");
}
