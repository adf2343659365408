//! Reads that may be a few seconds old, on servers; that a real replica is asked, the end-to-end tests show.

use std::time::Duration;

use ports::{Copies, JobFilter, Page, SortKey, Start};
use testkit::poll::eventually;

use super::settings;
use crate::{Process, Settings, connect};

/// Nobody listens there.
const AWAY: &str = "127.0.0.1:9";

/// A server passes for a replica of itself: its news are new. One that is away is left out, and nobody hears of it.
pub(super) async fn one_that_is_away_is_left_out(url: &str) {
    let own = settings(url, Process::Worker);
    let (_, rest) = own.url.split_once('@').unwrap();
    let (server, _) = rest.split_once('/').unwrap();
    let away = own.url.replacen(server, AWAY, 1);
    let replica_urls = vec![away, own.url.clone()];
    let database = connect(&Settings { replica_urls, ..own }).await.unwrap();
    database.join().await.unwrap();
    let store = database.store();
    let fit = async || (store.relaxed().copies() == Copies { configured: 2, used: 1 }).then_some(());
    eventually("one of two replicas in use", Duration::from_secs(20), fit).await;

    for _ in 0..4 {
        let page = Page { limit: 5, sort: vec![SortKey::desc("createdAt")], start: Start::First };
        let jobs = store.relaxed().jobs();
        assert!(jobs.list(&JobFilter::default(), &page).await.unwrap().rows.is_empty());
        assert_eq!(jobs.count(&JobFilter::default()).await.unwrap(), 0);
    }
    database.cluster().leave().await.unwrap();
}
