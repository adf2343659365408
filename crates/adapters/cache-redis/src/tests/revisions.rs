//! The mirror of revisions, and a server that comes back with what it knew before.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use ports::{Kind, Raise, RevisionMirror, RevisionOf, Seen};
use testkit::fakes::SeededRandom;
use testkit::mirror::MirrorBench;
use testkit::poll::eventually;
use testkit::redis::RedisServer;

use crate::{Address, RedisRevisions};

const SOON: Duration = Duration::from_secs(30);
const ADA: RevisionOf = RevisionOf::User(1);

/// A mirror whose connection is old enough to be believed.
async fn connect(url: &str, seed: u64) -> Arc<RedisRevisions> {
    let random = Arc::new(SeededRandom::new(seed));
    let mirror = Arc::new(RedisRevisions::connect(Address::parse(url).unwrap(), random).unwrap());
    eventually("a mirror", SOON, async || mirror.look(&[RevisionOf::User(-1)]).await.ok()).await;
    mirror
}

/// Who reads, and who ends something.
async fn both(url: &str) -> (Arc<RedisRevisions>, Arc<RedisRevisions>) {
    tokio::join!(connect(url, 1), connect(url, 1 << 32))
}

pub(super) async fn bench(url: &str, keep: impl Any + Send + Sync) -> MirrorBench {
    let (mirror, other) = both(url).await;
    MirrorBench { mirror, other, clock: None, keep: Box::new(keep) }
}

async fn knows(mirror: &RedisRevisions, revision: i64) {
    let place = eventually("a place", SOON, async || match mirror.look(&[ADA]).await.ok()?.remove(0) {
        Seen::Open(place) => Some(place),
        _ => None,
    });
    mirror.fill(&[(place.await, revision)]).await.unwrap();
    assert_eq!(mirror.look(&[ADA]).await.unwrap(), [Seen::At(revision)]);
}

fn raise(mirror: &RedisRevisions) -> Raise {
    Raise { of: vec![ADA], ticket: mirror.ticket().unwrap() }
}

/// What was read before a raise comes back with the server, and is told to nobody: not by a connection from before,
/// which is gone, nor by the next one, until it has passed away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_back_with_an_older_state_is_not_believed() {
    let Some(server) = RedisServer::start().await else { return };
    let (reader, writer) = both(&server.url()).await;
    let mut came_back = 0;
    for round in 1..=20 {
        knows(&reader, round).await;
        server.ask(&["SAVE"]).unwrap();
        let raise = raise(&writer);
        writer.raising(&raise).await.unwrap();
        writer.raised(&raise).await.unwrap();
        server.kill();
        server.resume().await;
        // On a busy machine it may have passed away already.
        came_back += u32::from(server.ask(&["KEYS", "*:r:u1"]).unwrap().contains(":r:u1"));
        let told = eventually("an answer", SOON, async || reader.look(&[ADA]).await.ok()).await;
        assert!(!matches!(told[0], Seen::At(_)), "{told:?}");
        eventually("whoever raises", SOON, async || writer.raised(&raise).await.ok()).await;
        if came_back == 2 {
            return;
        }
    }
    panic!("of twenty older states {came_back} came back");
}

/// A command that a stopped server has taken and not yet executed comes too late to count.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stopped_server_executes_late_is_not_told() {
    let Some(server) = RedisServer::start().await else { return };
    let url = format!("{}?timeout_ms=100", server.url());
    let (reader, writer) = both(&url).await;
    let Seen::Open(place) = reader.look(&[ADA]).await.unwrap().remove(0) else { panic!("no place") };
    server.hang();
    assert_eq!(reader.fill(&[(place, 1)]).await.unwrap_err().kind(), Kind::Unavailable);
    let raise = raise(&writer);
    assert!(writer.raising(&raise).await.is_err());
    assert_eq!(writer.raised(&raise).await.unwrap_err().kind(), Kind::Unavailable);
    // What whoever has raised it does before anybody is told.
    tokio::time::sleep(writer.memory()).await;
    server.go_on();
    let told = eventually("an answer", SOON, async || reader.look(&[ADA]).await.ok()).await;
    assert!(!matches!(told[0], Seen::At(_)), "{told:?}");
}

/// An emptied server knows nothing, and a raise that was under way is finished all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_server_tells_nothing() {
    let Some(server) = RedisServer::start().await else { return };
    let (reader, writer) = both(&server.url()).await;
    knows(&reader, 1).await;
    let raise = raise(&writer);
    writer.raising(&raise).await.unwrap();
    server.ask(&["FLUSHALL"]).unwrap();
    // The mark is lost before the commit: what a reader brings in now is what was before it.
    knows(&reader, 1).await;
    writer.raised(&raise).await.unwrap();
    assert!(matches!(reader.look(&[ADA]).await.unwrap()[0], Seen::Open(_)));
}
