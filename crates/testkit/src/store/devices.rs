//! [`ports::DeviceQueries`] and [`ports::DeviceRepo`].

use domain::{Device, Seen};
use ports::Kind;

use crate::bench::Bench;
use crate::samples::{at, at_millis, id, user, uuid};

const HERE: &str = "203.0.113.0/24";
const THERE: &str = "2001:db8:1::/48";

async fn somebody(bench: &Bench) -> i64 {
    let user = user();
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    user.base.id
}

fn device(user_id: i64, network: &str, agent: &str, seen: i64) -> Device {
    Device {
        id: id(),
        uuid: uuid(),
        user_id,
        network: network.to_owned(),
        agent: agent.to_owned(),
        created_at: at_millis(7),
        last_seen_at: at(seen),
    }
}

async fn see(bench: &Bench, device: &Device, since: i64) -> Seen {
    bench.commit(async |tx| tx.devices().see(device, at(since)).await).await
}

/// "Tells whether that is new: whether the same network and program, or any, were seen at `since` or later."
pub async fn tells_what_is_new(bench: &Bench) {
    let (ada, bob) = (somebody(bench).await, somebody(bench).await);
    assert_eq!(see(bench, &device(ada, HERE, "Firefox on Linux", 10), 0).await, Seen::First);
    assert_eq!(see(bench, &device(ada, HERE, "Firefox on Linux", 20), 10).await, Seen::Before);
    assert_eq!(see(bench, &device(ada, THERE, "Firefox on Linux", 30), 0).await, Seen::New);
    assert_eq!(see(bench, &device(ada, HERE, "curl", 30), 0).await, Seen::New);
    assert_eq!(see(bench, &device(bob, HERE, "curl", 30), 0).await, Seen::First);
    assert_eq!(see(bench, &device(ada, HERE, "Firefox on Linux", 40), 21).await, Seen::New, "too long ago");
    assert_eq!(see(bench, &device(bob, HERE, "curl", 90), 80).await, Seen::First, "none lately");
}

/// "One that is known keeps its ids and the time it was first seen."
pub async fn keeps_what_it_was_first(bench: &Bench) {
    let ada = somebody(bench).await;
    let first = device(ada, HERE, "Safari on iPhone", 10);
    see(bench, &first, 0).await;
    see(bench, &device(ada, HERE, "Safari on iPhone", 25), 0).await;
    let expected = Device { last_seen_at: at(25), ..first };
    assert_eq!(bench.store.devices().by_uuid(expected.uuid).await.unwrap(), expected);
    let other = device(ada, THERE, "curl", 30);
    see(bench, &other, 0).await;
    assert_eq!(bench.store.devices().of_user(ada).await.unwrap(), [expected, other]);
    assert_eq!(bench.store.devices().by_uuid(uuid()).await.unwrap_err().kind(), Kind::NotFound);
    assert!(bench.store.devices().of_user(id()).await.unwrap().is_empty());
}

/// "Of two at the same time from one new device … one is noted."
pub async fn many_at_once_are_one(bench: &Bench) {
    let ada = somebody(bench).await;
    let logins = (0..8).map(|_| {
        let (store, device) = (bench.store.clone(), device(ada, HERE, "curl", 10));
        tokio::spawn(async move {
            let tx = store.begin().await?;
            tx.devices().see(&device, at(0)).await?;
            tx.commit().await
        })
    });
    let outcomes = futures_util::future::join_all(logins.collect::<Vec<_>>()).await;
    for outcome in outcomes {
        // Who meets another there may have to do it again, and is not refused.
        assert!(!outcome.unwrap().is_err_and(|error| !error.is_contended()));
    }
    assert_eq!(bench.store.devices().of_user(ada).await.unwrap().len(), 1);
}

/// "Whether the user has logged in from the network since then, with whichever program."
pub async fn knows_networks(bench: &Bench) {
    let (ada, bob) = (somebody(bench).await, somebody(bench).await);
    see(bench, &device(ada, HERE, "curl", 10), 0).await;
    let knows = async |user, network: &str, since| {
        bench.store.devices().knows_network(user, network, at(since)).await.unwrap()
    };
    assert!(knows(ada, HERE, 10).await);
    assert!(!knows(ada, HERE, 11).await);
    assert!(!knows(ada, THERE, 0).await);
    assert!(!knows(bob, HERE, 0).await && !knows(0, HERE, 0).await);
}

/// "Removes devices that were last seen before `before`; at most `limit`. How many."
pub async fn purge_removes_the_forgotten(bench: &Bench) {
    let ada = somebody(bench).await;
    for (network, seen) in [("a", 98), ("b", 99), ("c", 99), ("d", 100)] {
        see(bench, &device(ada, network, "curl", seen), 0).await;
    }
    for removed in [2, 1, 0] {
        assert_eq!(bench.commit(async |tx| tx.devices().purge(at(100), 2).await).await, removed);
    }
    let left = bench.store.devices().of_user(ada).await.unwrap();
    assert_eq!(left.iter().map(|device| device.network.as_str()).collect::<Vec<_>>(), ["d"]);
}
