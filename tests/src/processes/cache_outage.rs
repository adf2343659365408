//! What callers notice of a cache that dies, hangs and returns: nothing but the health report.

use std::time::{Duration, Instant};

use testkit::redis::RedisServer;

use super::reports;
use crate::harness::{Installation, PASSWORD, Profile, Program, Tokens};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_that_dies_hangs_and_returns() {
    Installation::with(Profile::Postgres, outages).await;
}

async fn outages(installation: &Installation) {
    let Some(redis) = RedisServer::start().await else { return };
    let cache = redis.url();
    let variables = [("SERVER__PUBLIC_URL", "http://mainstay.test"), ("CACHE__URL", &*cache)];
    let replicas = [installation.api("a", &variables).await, installation.api("b", &variables).await];
    replicas[0].newcomer("ada@example.com").await;

    is_well(&replicas).await;
    revocation_holds(&replicas).await;
    assert!(redis.ask(&["DBSIZE"]).unwrap() != ":0\r\n", "nothing was cached");

    redis.kill();
    works_without(&replicas).await;
    redis.resume().await;
    is_well(&replicas).await;
    revocation_holds(&replicas).await;

    // Sessions that end meanwhile stay ended when the cache, which still remembers them, goes on.
    let [a, b] = &replicas;
    let before = a.login("ada@example.com", PASSWORD).await;
    for replica in &replicas {
        replica.me(&before.access).await.is(200);
    }
    redis.hang();
    works_without(&replicas).await;
    a.logout(&before.access).await.is(204);
    redis.go_on();
    is_well(&replicas).await;
    for replica in [b, a] {
        replica.me(&before.access).await.refuses(401, "token_revoked");
    }
    revocation_holds(&replicas).await;
    for replica in replicas {
        replica.stop().await;
    }
}

async fn works_without(replicas: &[Program; 2]) {
    for replica in replicas {
        reports(replica, "degraded", "cache", "down").await;
        replica.get("/health/ready").gives(200).await;
    }
    let begun = Instant::now();
    for _ in 0..3 {
        revocation_holds(replicas).await;
    }
    // Some sixty calls: had each waited for the cache, it would be a quarter of a second for each question to it.
    let took = begun.elapsed();
    eprintln!("three rounds without the cache took {took:.2?}");
    assert!(took < Duration::from_secs(15), "{took:?}");
}

/// Login, use on both, end on one: the very next request is refused everywhere.
async fn revocation_holds([a, b]: &[Program; 2]) {
    let tokens: Tokens = a.login("ada@example.com", PASSWORD).await;
    for _ in 0..3 {
        for replica in [a, b] {
            replica.me(&tokens.access).await.is(200);
        }
    }
    b.logout(&tokens.access).await.is(204);
    for replica in [a, b] {
        replica.me(&tokens.access).await.refuses(401, "token_revoked");
    }
}

async fn is_well(replicas: &[Program; 2]) {
    for replica in replicas {
        reports(replica, "up", "cache", "up").await;
    }
}
