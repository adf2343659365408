//! Background jobs as operators see them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Answer, App, PATIENCE, Tokens, eventually, profiles};

const JOBS: &str = "/api/v1/jobs";

async fn submit(app: &App, admin: &Tokens, body: Value) -> Answer {
    app.post(JOBS, &body).bearer(&admin.access).send().await
}

/// Waits for the end of a try; the job after it.
async fn tried(app: &App, admin: &Tokens, id: &Value, attempt: i64) -> Value {
    eventually(&format!("try {attempt} of {id}"), PATIENCE, async || {
        Some(app.job(admin, id).await).filter(|job| job["attempt"] == attempt && job["status"] != "running")
    })
    .await
}

profiles! {
    async fn a_job_runs_and_tells_its_result(app: &App) {
        let admin = app.admin().await;
        let payload = json!({ "hello": "world", "list": [1, 2.5, null, "ü"] });
        let answer = submit(app, &admin, json!({ "kind": "diagnostics.echo", "payload": payload })).await.is(202);
        let job = answer.data();
        assert_eq!(answer.header("location"), format!("{JOBS}/{}", job["id"].as_str().unwrap()));
        assert_eq!((&job["queue"], &job["kind"]), (&json!("default"), &json!("diagnostics.echo")));
        let done = app.job_is(&admin, &job["id"], "succeeded").await;
        assert_eq!(done["result"], payload);
        assert_eq!(done["attempt"], 1);
        assert!(done["startedAt"].is_string() && done["finishedAt"].is_string(), "{done}");
        assert!(done["lastError"].is_null());

        let slept = app.submit(&admin, "diagnostics.sleep", json!({ "ms": 1 })).await;
        assert_eq!(app.job_is(&admin, &slept["id"], "succeeded").await["progress"], 100);
    }

    async fn what_can_not_be_submitted(app: &App) {
        let admin = app.admin().await;
        for kind in ["nonsense", "mail.verify-email", "Diagnostics.echo"] {
            let refused = submit(app, &admin, json!({ "kind": kind, "payload": {} })).await;
            refused.refuses(422, "validation_failed").names("kind", "unknown");
        }
        for (field, value) in [("priority", json!(101)), ("delaySeconds", json!(31_536_001)), ("delaySeconds", json!(-1))] {
            let mut body = json!({ "kind": "diagnostics.echo", "payload": {} });
            body[field] = value;
            submit(app, &admin, body).await.refuses(422, "validation_failed");
        }
        assert!(list(app, &admin, "kind=diagnostics.echo").await.is_empty(), "nothing was written");
    }

    async fn a_unique_key_is_taken_once(app: &App) {
        let admin = app.admin().await;
        let body = json!({ "kind": "diagnostics.echo", "payload": {}, "uniqueKey": "nightly-2026-03-01" });
        let first = submit(app, &admin, body.clone()).await.is(202).data();
        submit(app, &admin, body.clone()).await.refuses(409, "conflict");
        app.job_is(&admin, &first["id"], "succeeded").await;
        submit(app, &admin, body).await.refuses(409, "conflict");
        assert_eq!(list(app, &admin, "kind=diagnostics.echo").await.len(), 1);
    }

    /// What the handler can't read it never will: no retries.
    async fn an_unreadable_payload_is_a_dead_letter_at_once(app: &App) {
        let admin = app.admin().await;
        let job = app.submit(&admin, "diagnostics.sleep", json!({ "ms": "long" })).await;
        let dead = app.job_is(&admin, &job["id"], "dead").await;
        assert_eq!(dead["attempt"], 1);
        assert!(dead["lastError"].as_str().unwrap().contains("payload"), "{dead}");
    }

    async fn lists_filter_and_go_on(app: &App) {
        let admin = app.admin().await;
        let mut expected = Vec::new();
        for number in 0..7 {
            expected.push(app.submit(&admin, "diagnostics.echo", json!(number)).await["id"].clone());
        }
        expected.reverse();
        for id in &expected {
            app.job_is(&admin, id, "succeeded").await;
        }
        app.submit(&admin, "diagnostics.sleep", json!({ "ms": 0 })).await;

        let mut seen = Vec::new();
        let mut query = "kind=diagnostics.echo&limit=3".to_owned();
        for page in [3, 3, 1] {
            let answer = app.get(&format!("{JOBS}?{query}")).bearer(&admin.access).gives(200).await.json();
            assert_eq!(answer["meta"]["limit"], 3);
            let rows = answer["data"].as_array().unwrap();
            assert_eq!(rows.len(), page);
            seen.extend(rows.iter().map(|row| row["id"].clone()));
            assert_eq!(answer["meta"]["hasMore"], seen.len() < 7);
            match answer["meta"]["nextCursor"].as_str() {
                Some(cursor) => query = format!("kind=diagnostics.echo&limit=3&cursor={cursor}"),
                None => assert_eq!(seen.len(), 7),
            }
        }
        assert_eq!(seen, expected, "newest first, none twice, none left out");

        let of_status = list(app, &admin, "status=succeeded&kind=diagnostics.echo").await;
        assert_eq!(of_status.len(), 7);
        assert!(list(app, &admin, "status=dead").await.is_empty());
        assert!(list(app, &admin, "queue=mail").await.is_empty());
        let kinds: BTreeSet<_> = list(app, &admin, "queue=default").await.iter().map(|job| job["kind"].to_string()).collect();
        assert!(kinds.contains("\"diagnostics.sleep\"") && kinds.contains("\"diagnostics.echo\""), "{kinds:?}");
    }

    async fn jobs_and_audit_are_for_operators(app: &App) {
        let admin = app.admin().await;
        let job = app.submit(&admin, "diagnostics.echo", json!({})).await;
        let one = format!("{JOBS}/{}", job["id"].as_str().unwrap());
        let member = app.member("ada@example.com").await;
        for path in [JOBS, &one, "/api/v1/audit"] {
            app.get(path).bearer(&member.access).refused(403, "forbidden").await;
            app.get(path).refused(401, "unauthenticated").await;
            app.get(path).bearer(&admin.access).gives(200).await;
        }
        let body = json!({ "kind": "diagnostics.echo", "payload": {} });
        app.post(JOBS, &body).bearer(&member.access).refused(403, "forbidden").await;
        app.post(JOBS, &body).refused(401, "unauthenticated").await;
        app.job_is(&admin, &job["id"], "succeeded").await;
    }
}

async fn list(app: &App, admin: &Tokens, query: &str) -> Vec<Value> {
    let answer = app.get(&format!("{JOBS}?limit=100&{query}")).bearer(&admin.access).gives(200).await;
    answer.data().as_array().unwrap().clone()
}

profiles! {
    [owned_clock()]

    async fn a_failed_try_is_repeated_after_a_pause(app: &App) {
        let admin = app.admin().await;
        let job = app.submit(&admin, "diagnostics.fail", json!({ "times": 2 })).await;
        for (attempt, longest_pause) in [(1, 1), (2, 2)] {
            let failed = tried(app, &admin, &job["id"], attempt).await;
            assert_eq!(failed["status"], "failed", "{failed}");
            assert!(failed["lastError"].as_str().unwrap().contains(&format!("try {attempt}")), "{failed}");
            assert!(failed["runAt"].as_str() > failed["startedAt"].as_str(), "{failed}");
            app.advance_seconds(longest_pause);
        }
        let done = app.job_is(&admin, &job["id"], "succeeded").await;
        assert_eq!((&done["attempt"], &done["result"]), (&json!(3), &json!({ "attempt": 3 })));
    }

    async fn the_last_failed_try_makes_a_dead_letter(app: &App) {
        let admin = app.admin().await;
        let job = app.submit(&admin, "diagnostics.fail", json!({ "times": 99 })).await;
        assert_eq!(job["maxAttempts"], 5);
        for attempt in 1..=4 {
            assert_eq!(tried(app, &admin, &job["id"], attempt).await["status"], "failed");
            app.advance_seconds(1 << (attempt - 1));
        }
        let dead = tried(app, &admin, &job["id"], 5).await;
        assert_eq!(dead["status"], "dead");
        assert!(dead["finishedAt"].is_string(), "{dead}");
    }

    async fn a_panic_costs_one_try_and_nothing_else(app: &App) {
        let admin = app.admin().await;
        let job = app.submit(&admin, "diagnostics.panic", json!({})).await;
        assert_eq!(tried(app, &admin, &job["id"], 1).await["status"], "failed");
        app.advance_seconds(1);
        assert_eq!(tried(app, &admin, &job["id"], 2).await["status"], "dead");
        let after = app.submit(&admin, "diagnostics.echo", json!("still alive")).await;
        assert_eq!(app.job_is(&admin, &after["id"], "succeeded").await["result"], "still alive");
    }

    async fn a_unique_key_is_free_again_after_its_time(app: &App) {
        let admin = app.admin().await;
        let body = json!({ "kind": "diagnostics.echo", "payload": {}, "uniqueKey": "digest", "uniqueForSeconds": 60 });
        submit(app, &admin, body.clone()).await.is(202);
        app.advance_seconds(59);
        submit(app, &admin, body.clone()).await.refuses(409, "conflict");
        app.advance_seconds(1);
        submit(app, &admin, body).await.is(202);
    }

    async fn a_delayed_job_waits_for_its_time(app: &App) {
        let admin = app.admin().await;
        let body = json!({ "kind": "diagnostics.echo", "payload": {}, "delaySeconds": 600 });
        let job = submit(app, &admin, body).await.is(202).data();
        assert_eq!(job["status"], "scheduled");
        app.advance_seconds(599);
        // Whatever is due runs before this one, submitted later, is done.
        let other = app.submit(&admin, "diagnostics.echo", json!({})).await;
        app.job_is(&admin, &other["id"], "succeeded").await;
        assert_eq!(app.job(&admin, &job["id"]).await["status"], "scheduled");
        app.advance_seconds(1);
        app.job_is(&admin, &job["id"], "succeeded").await;
    }
}
