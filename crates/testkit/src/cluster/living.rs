//! Joining, living side by side, leaving and falling.

use std::time::{Duration, Instant};

use ports::{Claim, Kind, Tx};
use uuid::Uuid;

use super::{Member, Site};
use crate::poll::{eventually, promptly};
use crate::samples::{at, job, user};

const SOON: Duration = Duration::from_secs(5);

async fn insert_user(tx: Box<dyn Tx>) -> ports::Result<()> {
    tx.users().insert(&user()).await?;
    tx.commit().await
}

async fn becomes_sole(member: &Member) {
    eventually("to be sole", SOON, async || member.cluster.is_sole().then_some(())).await;
}

/// "No other process has it at the same time", also when they join at once.
pub async fn node_ids_differ(site: &dyn Site) {
    let (one, two, three) = tokio::join!(site.join(None), site.join(None), site.join(None));
    let members = [one.unwrap(), two.unwrap(), three.unwrap()];
    let mut nodes: Vec<u16> = members.iter().map(|member| member.cluster.node().unwrap()).collect();
    nodes.sort_unstable();
    nodes.dedup();
    assert_eq!(nodes.len(), 3);
    assert!(nodes.iter().all(|node| *node < 1024));
    let holders: std::collections::HashSet<Uuid> = members.iter().map(|m| m.cluster.holder()).collect();
    assert_eq!(holders.len(), 3, "new with each start");
}

/// `Conflict` for a configured id that another living process holds.
pub async fn a_held_node_id_is_a_conflict(site: &dyn Site) {
    let first = site.join(Some(1023)).await.unwrap();
    assert_eq!(first.cluster.node().unwrap(), 1023);
    let second = site.join(Some(1023)).await;
    assert_eq!(second.err().unwrap().kind(), Kind::Conflict);
    let third = site.join(None).await.unwrap();
    assert_ne!(third.cluster.node().unwrap(), 1023);
}

/// "So that the next start need not wait for the lease to run out."
pub async fn an_id_given_back_is_free_at_once(site: &dyn Site) {
    let first = site.join(Some(7)).await.unwrap();
    first.cluster.leave().await.unwrap();
    let again = promptly("joining after a proper end", SOON, site.join(Some(7))).await.unwrap();
    assert_eq!(again.cluster.node().unwrap(), 7);
}

/// "Calling it twice succeeds." Afterwards there is no id to make ids with.
pub async fn leaving_twice_succeeds(site: &dyn Site) {
    let member = site.join(None).await.unwrap();
    member.cluster.leave().await.unwrap();
    member.cluster.leave().await.unwrap();
    assert_eq!(member.cluster.node().unwrap_err().kind(), Kind::Unavailable);
    assert!(!member.cluster.is_sole());
}

/// What makes it safe for others to believe that they are alone.
pub async fn nothing_is_committed_after_leaving(site: &dyn Site) {
    let member = site.join(None).await.unwrap();
    insert_user(member.store.begin().await.unwrap()).await.unwrap();
    member.cluster.leave().await.unwrap();
    let refused = insert_user(member.store.begin().await.unwrap()).await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Unavailable);
}

/// "True only while no other process can have committed anything since this one last looked."
pub async fn only_a_single_process_is_sole(site: &dyn Site) {
    let first = site.join(None).await.unwrap();
    becomes_sole(&first).await;
    let second = site.join(None).await.unwrap();
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        assert!(!first.cluster.is_sole() && !second.cluster.is_sole());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    second.cluster.leave().await.unwrap();
    becomes_sole(&first).await;
}

/// At no moment does one process believe to be alone while another one may commit.
pub async fn a_newcomer_commits_only_after_others_know(site: &dyn Site) {
    let first = site.join(None).await.unwrap();
    becomes_sole(&first).await;
    let joined = site.join(None);
    tokio::pin!(joined);
    let second = loop {
        tokio::select! {
            second = &mut joined => break second.unwrap(),
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
    };
    assert!(!first.cluster.is_sole(), "the newcomer is in before the other has noticed");
    insert_user(second.store.begin().await.unwrap()).await.unwrap();
}

/// "Holders whose heartbeat has stood still": a killed process is reported within five seconds, once.
pub async fn a_killed_process_has_fallen(site: &dyn Site) {
    let observer = site.join(None).await.unwrap();
    let killed = site.join(None).await.unwrap();
    let holder = killed.cluster.holder();
    assert!(observer.cluster.fallen().await.unwrap().is_empty());
    drop(killed);
    let look = async || observer.cluster.fallen().await.unwrap().into_iter().next();
    assert_eq!(eventually("the killed one to be found", SOON, look).await, holder);
    assert!(observer.cluster.fallen().await.unwrap().is_empty(), "it has been found");
}

/// A process whose main runtime is busy beats all the same, and keeps its lease.
pub async fn a_busy_process_has_not_fallen(site: &dyn Site) {
    let observer = site.join(None).await.unwrap();
    let busy = site.join(None).await.unwrap();
    // Both worker threads of the test's runtime: one is blocked, the other one observes.
    let block = tokio::task::spawn(async { std::thread::sleep(Duration::from_secs(6)) });
    let until = Instant::now() + Duration::from_secs(6);
    while Instant::now() < until {
        assert!(observer.cluster.fallen().await.unwrap().is_empty());
        std::thread::sleep(Duration::from_millis(200));
    }
    block.await.unwrap();
    busy.cluster.node().unwrap();
    observer.cluster.node().unwrap();
}

/// "… together with holders of work that are not registered any more."
pub async fn work_of_unknown_holders_is_rescued(site: &dyn Site) {
    let member = site.join(None).await.unwrap();
    let tx = member.store.begin().await.unwrap();
    tx.jobs().enqueue(&job()).await.unwrap();
    tx.jobs().enqueue(&job()).await.unwrap();
    tx.commit().await.unwrap();
    let claim = |holder| Claim { holder, queue: "default".to_owned(), limit: 1, now: at(0), limited: None };
    let (worker, relay) = (Uuid::from_u128(1), Uuid::from_u128(2));
    member.leases.claim(&claim(worker)).await.unwrap();
    member.leases.claim(&claim(member.cluster.holder())).await.unwrap();
    let partitions = member.relay.share(relay).await.unwrap().len() as u64;
    assert!(member.cluster.fallen().await.unwrap().is_empty(), "not at first sight");
    let look = async || {
        let mut fallen = member.cluster.fallen().await.unwrap();
        fallen.sort();
        (!fallen.is_empty()).then_some(fallen)
    };
    assert_eq!(eventually("unknown holders", SOON, look).await, [worker, relay]);
    assert_eq!(member.leases.rescue(worker, &[], at(1)).await.unwrap(), 1);
    assert_eq!(member.relay.rescue(relay).await.unwrap(), partitions);
    eventually("no more", SOON, async || member.cluster.fallen().await.unwrap().is_empty().then_some(()))
        .await;
}
