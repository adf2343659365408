//! Requests that are sent again under an `Idempotency-Key`.

mod declared;
mod killed;
mod reserving;
mod sending;

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Tokens};

const JOBS: &str = "/api/v1/jobs";
const KEY: &str = "idempotency-key";
const REPLAYED: &str = "idempotency-replayed";

fn echo(payload: &str) -> Value {
    json!({ "kind": "diagnostics.echo", "payload": payload })
}

/// Submits a job under a key.
async fn submit(client: &Client, caller: &Tokens, key: &str, body: &Value) -> Answer {
    client.post(JOBS, body).bearer(&caller.access).header(KEY, key).send().await
}

/// How many echoes there are with this payload.
async fn echoes(client: &Client, admin: &Tokens, payload: &str) -> usize {
    let path = format!("{JOBS}?limit=100&kind=diagnostics.echo");
    let jobs = client.get(&path).bearer(&admin.access).gives(200).await.data();
    let jobs = jobs.as_array().unwrap().clone();
    let mut found = 0;
    for job in jobs {
        // The payload is the result, once it has run.
        if client.job_is(admin, &job["id"], "succeeded").await["result"] == payload {
            found += 1;
        }
    }
    found
}

/// Expects an answer that is given again.
#[track_caller]
fn replays(again: &Answer, first: &Answer) {
    assert_eq!((again.status, again.header(REPLAYED)), (first.status, "true"), "{}", again.text());
    assert_eq!(first.header(REPLAYED), "", "the first one is not a replay");
    assert_eq!(again.text(), first.text(), "byte by byte, the first request's id included");
    for name in ["location", "content-type", "etag", "cache-control"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
}
