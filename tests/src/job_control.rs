//! What operators do to jobs and queues.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, App, PATIENCE, Tokens, eventually, profiles};

const JOBS: &str = "/api/v1/jobs";
const QUEUES: &str = "/api/v1/queues";

async fn act(app: &App, admin: &Tokens, job: &Value, action: &str) -> Answer {
    let path = format!("{JOBS}/{}/{action}", job["id"].as_str().unwrap());
    app.post(&path, &json!({})).bearer(&admin.access).send().await
}

async fn remove(app: &App, admin: &Tokens, job: &Value) -> Answer {
    let path = format!("{JOBS}/{}", job["id"].as_str().unwrap());
    app.call(Method::DELETE, &path).bearer(&admin.access).send().await
}

async fn history(app: &App, admin: &Tokens, job: &Value) -> Vec<Value> {
    let path = format!("{JOBS}/{}/attempts", job["id"].as_str().unwrap());
    app.get(&path).bearer(&admin.access).gives(200).await.data().as_array().unwrap().clone()
}

async fn queue(app: &App, admin: &Tokens, name: &str) -> Value {
    let all = app.get(QUEUES).bearer(&admin.access).gives(200).await.data();
    all.as_array().unwrap().iter().find(|queue| queue["name"] == name).unwrap().clone()
}

async fn rest(app: &App, admin: &Tokens, name: &str, action: &str) {
    app.post(&format!("{QUEUES}/{name}/{action}"), &json!({})).bearer(&admin.access).gives(200).await;
}

/// Waits for a try that did not succeed.
async fn tried(app: &App, admin: &Tokens, job: &Value, tries: usize) -> Vec<Value> {
    eventually(&format!("try {tries} of {job}"), PATIENCE, async || {
        Some(history(app, admin, job).await).filter(|history| history.len() == tries)
    })
    .await
}

profiles! {
    /// The handler is in the middle of its work, and is told.
    async fn a_running_job_is_cancelled(app: &App) {
        let admin = app.admin().await;
        let job = app.submit(&admin, "diagnostics.sleep", json!({ "ms": 120_000 })).await;
        app.job_is(&admin, &job["id"], "running").await;
        let asked = act(app, &admin, &job, "cancel").await.is(202).data();
        assert!(asked["cancelRequestedAt"].is_string(), "{asked}");
        let over = app.job_is(&admin, &job["id"], "cancelled").await;
        assert_eq!((&over["lastReason"], &over["attempt"]), (&json!("cancelled"), &json!(1)));
        assert!(over["finishedAt"].is_string(), "{over}");
        act(app, &admin, &job, "cancel").await.refuses(409, "conflict");
        assert_eq!(history(app, &admin, &job).await[0]["reason"], "cancelled");
        assert_eq!(app.audit(&admin, "action=job.cancel").await.len(), 1);
    }

    async fn a_waiting_job_is_cancelled_retried_and_removed(app: &App) {
        let admin = app.admin().await;
        let body = json!({ "kind": "diagnostics.echo", "payload": "x", "delaySeconds": 3600 });
        let job = app.post(JOBS, &body).bearer(&admin.access).gives(202).await.data();
        assert_eq!(act(app, &admin, &job, "cancel").await.is(202).data()["status"], "cancelled");
        let again = act(app, &admin, &job, "retry").await.is(202).data();
        assert!(again["finishedAt"].is_null(), "{again}");
        app.job_is(&admin, &job["id"], "succeeded").await;
        for action in ["retry", "cancel"] {
            act(app, &admin, &job, action).await.refuses(409, "conflict");
        }
        remove(app, &admin, &job).await.is(204);
        for action in ["retry", "cancel"] {
            act(app, &admin, &job, action).await.refuses(404, "not_found");
        }
        remove(app, &admin, &job).await.refuses(404, "not_found");
        for action in ["job.cancel", "job.retry", "job.remove"] {
            let entries = app.audit(&admin, &format!("action={action}")).await;
            assert!(entries.len() == 1 && entries[0]["resourceId"] == job["id"], "{action}: {entries:?}");
        }
    }

    /// A handler that neither ends nor listens: its time is over some day, and so are its tries.
    async fn a_hanging_job_is_ended(app: &App) {
        let admin = app.admin().await;
        let job = app.submit(&admin, "diagnostics.hang", json!({})).await;
        app.job_is(&admin, &job["id"], "running").await;
        remove(app, &admin, &job).await.refuses(409, "conflict");
        let dead = app.job_is(&admin, &job["id"], "dead").await;
        assert_eq!((&dead["lastReason"], &dead["attempt"]), (&json!("timed-out"), &json!(2)));
        let told: Vec<_> = history(app, &admin, &job).await.iter().map(|one| one["reason"].clone()).collect();
        assert_eq!(told, ["timed-out", "timed-out"]);
    }

    async fn a_dead_letter_tells_why_and_how_often(app: &App) {
        let admin = app.admin().await;
        let unreadable = app.submit(&admin, "diagnostics.sleep", json!({ "ms": "long" })).await;
        let dead = app.job_is(&admin, &unreadable["id"], "dead").await;
        assert_eq!(dead["lastReason"], "payload", "{dead}");
        let lines = history(app, &admin, &unreadable).await;
        assert!(lines.len() == 1 && lines[0]["error"].as_str().unwrap().contains("payload"), "{lines:?}");
        // Repeating it does not help, and is possible.
        act(app, &admin, &unreadable, "retry").await.is(202);
        tried(app, &admin, &unreadable, 2).await;
    }

    async fn many_are_retried_and_removed_by_filter(app: &App) {
        let admin = app.admin().await;
        let mut jobs = Vec::new();
        for _ in 0..3 {
            jobs.push(app.submit(&admin, "diagnostics.sleep", json!({ "ms": null })).await);
        }
        let echo = app.submit(&admin, "diagnostics.echo", json!({})).await;
        app.job_is(&admin, &echo["id"], "succeeded").await;
        for job in &jobs {
            app.job_is(&admin, &job["id"], "dead").await;
        }
        let sweep = async |action: &str, body: Value, status| {
            let sent = app.post(&format!("{JOBS}/{action}"), &body).bearer(&admin.access).send().await;
            sent.is(status).data()
        };
        let other = json!({ "status": "dead", "kind": "diagnostics.fail" });
        assert_eq!(sweep("retry", other, 202).await, json!({ "jobs": 0, "more": false }));
        let dead = json!({ "status": "dead", "kind": "diagnostics.sleep" });
        assert_eq!(sweep("retry", dead.clone(), 202).await, json!({ "jobs": 3, "more": false }));
        for job in &jobs {
            tried(app, &admin, job, 2).await;
        }
        let young = json!({ "status": "dead", "kind": "diagnostics.sleep", "olderThanSeconds": 3600 });
        assert_eq!(sweep("cleanup", young, 200).await["jobs"], 0);
        assert_eq!(sweep("cleanup", json!({ "kind": "diagnostics.sleep" }), 200).await["jobs"], 0, "dead ones are named or stay");
        eventually("the end of all", PATIENCE, async || {
            let removed = sweep("cleanup", dead.clone(), 200).await["jobs"].clone();
            let left = app.get(&format!("{JOBS}?kind=diagnostics.sleep")).bearer(&admin.access).gives(200).await.data();
            (removed == 0 && left == json!([])).then_some(())
        })
        .await;
        for (action, body) in [("retry", json!({ "status": "succeeded" })), ("cleanup", json!({ "status": "running" })), ("cleanup", json!({ "status": "odd" }))] {
            let sent = app.post(&format!("{JOBS}/{action}"), &body).bearer(&admin.access).send().await;
            sent.refuses(422, "validation_failed").names("status", "unknown");
        }
    }

    async fn a_queue_rests_and_goes_on(app: &App) {
        let admin = app.admin().await;
        let before = queue(app, &admin, "default").await;
        assert_eq!((&before["pausedAt"], &before["depth"]), (&Value::Null, &json!(0)));
        rest(app, &admin, "default", "pause").await;
        assert!(queue(app, &admin, "default").await["pausedAt"].is_string());
        let job = app.submit(&admin, "diagnostics.echo", json!(1)).await;
        // The other queue's workers go on; when they have, those of this one have been there as well.
        let body = json!({ "kind": "diagnostics.echo", "payload": 2, "queue": "mail" });
        let other = app.post(JOBS, &body).bearer(&admin.access).gives(202).await.data();
        app.job_is(&admin, &other["id"], "succeeded").await;
        assert_eq!(app.job(&admin, &job["id"]).await["status"], "queued");
        let resting = queue(app, &admin, "default").await;
        assert_eq!((&resting["depth"], &resting["running"]), (&json!(1), &json!(0)));
        assert!(resting["oldestAt"].is_string(), "{resting}");
        rest(app, &admin, "default", "resume").await;
        app.job_is(&admin, &job["id"], "succeeded").await;
        let after = queue(app, &admin, "default").await;
        assert_eq!((&after["pausedAt"], &after["depth"], &after["throughput"]), (&Value::Null, &json!(0), &json!(1)));
        for action in ["queue.pause", "queue.resume"] {
            assert_eq!(app.audit(&admin, &format!("action={action}")).await[0]["resourceId"], "default");
        }
    }

    /// Ten of a kind of which one may run at a time: none began before another had ended.
    async fn a_limited_kind_keeps_to_its_limit(app: &App) {
        let admin = app.admin().await;
        let mut jobs = Vec::new();
        for _ in 0..10 {
            jobs.push(app.submit(&admin, "diagnostics.single", json!({ "ms": 20 })).await);
        }
        let mut spans = Vec::new();
        for job in &jobs {
            let done = app.job_is(&admin, &job["id"], "succeeded").await;
            let moment = |name: &str| done[name].as_str().unwrap().to_owned();
            spans.push((moment("startedAt"), moment("finishedAt")));
        }
        spans.sort();
        assert!(spans.windows(2).all(|two| two[0].1 <= two[1].0), "{spans:?}");
    }
}
