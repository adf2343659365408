//! Lists come from a read replica, for as long as it is fit for that.

use serde_json::{Value, json};

use crate::harness::{DatabaseServer, Installation, PATIENCE, Profile, Program, Tokens, eventually};

/// Longer than it takes to make an account and to list it, on any machine.
const MAX_LAG: &str = "6";

async fn status(api: &Program) -> Value {
    api.get("/health").gives(200).await.json()["components"]["replicas"]["status"].clone()
}

async fn status_is(api: &Program, expected: &str) {
    eventually(&format!("replicas {expected}"), PATIENCE, async || {
        (status(api).await == expected).then_some(())
    })
    .await;
}

async fn listed(api: &Program, admin: &Tokens) -> Vec<String> {
    let rows = api.get("/api/v1/users?sort=email").bearer(&admin.access).gives(200).await.data();
    rows.as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect()
}

async fn make(api: &Program, admin: &Tokens, email: &str) -> Value {
    let made = api.post("/api/v1/users", &json!({ "email": email })).bearer(&admin.access);
    made.gives(201).await.data()
}

async fn lists(api: &Program, admin: &Tokens, email: &str) {
    let found = async || listed(api, admin).await.iter().any(|listed| listed == email).then_some(());
    eventually(&format!("{email} in the list"), PATIENCE, found).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_come_from_a_standby_while_it_is_fit() {
    let Some(primary) = DatabaseServer::start(Profile::Postgres).await else { return };
    let standby = primary.standby().await;
    let mut installation = Installation::on(Profile::Postgres, Some(&primary.url()));
    installation.set("DATABASE__REPLICA_URLS", &standby.url());
    installation.set("DATABASE__REPLICA_MAX_LAG_SECONDS", MAX_LAG);
    let api = installation.api("api", &[]).await;
    let admin = api.admin().await;
    status_is(&api, "up").await;

    standby.sql("SELECT pg_wal_replay_pause()").await;
    let ada = make(&api, &admin, "ada@example.com").await;
    let seen = listed(&api, &admin).await;
    assert_eq!(status(&api).await, "up", "this machine is too slow for this test");
    assert_eq!(seen, [crate::harness::ADMIN], "the list does not come from the standby, which stands still");
    let path = format!("/api/v1/users/{}", ada["id"].as_str().unwrap());
    api.get(&path).bearer(&admin.access).gives(200).await;

    // Too far behind, it is left out; then it catches up.
    lists(&api, &admin, "ada@example.com").await;
    assert_eq!(status(&api).await, "down");
    assert_eq!(api.get("/health").gives(200).await.json()["status"], "degraded");
    standby.sql("SELECT pg_wal_replay_resume()").await;
    status_is(&api, "up").await;

    // Away, it is nobody's failure, not even the first one's that meets it.
    standby.crash().await;
    for _ in 0..5 {
        assert_eq!(listed(&api, &admin).await.len(), 2);
    }
    status_is(&api, "down").await;
    make(&api, &admin, "bob@example.com").await;
    assert_eq!(listed(&api, &admin).await.len(), 3, "the primary is up to date");
    standby.resume().await;
    status_is(&api, "up").await;
    lists(&api, &admin, "bob@example.com").await;
    api.stop().await;
}
