//! `mainstay jobs`, against programs that run.

use serde_json::json;

use crate::harness::{PATIENCE, Program, Tokens, eventually, installations, operate};

async fn dead(api: &Program, admin: &Tokens) -> String {
    let job = api.submit(admin, "diagnostics.sleep", json!({ "ms": "long" })).await;
    api.job_is(admin, &job["id"], "dead").await["id"].as_str().unwrap().to_owned()
}

installations! {
    async fn operators_find_and_mend_jobs(installation: &Installation) {
        let api = installation.api("api", &[]).await;
        let admin = api.admin().await;
        let letter = dead(&api, &admin).await;
        let command = |arguments: &[&str]| operate(installation, arguments).well().to_owned();

        let listed = command(&["jobs", "list", "--status", "dead"]);
        assert!(listed.contains(&letter) && listed.contains("payload"), "{listed}");
        let shown = command(&["jobs", "show", &letter]);
        assert!(shown.contains("try 1 ended") && shown.contains("\"long\""), "{shown}");
        let stats = command(&["jobs", "stats"]);
        assert!(stats.lines().any(|line| line.starts_with("default ")), "{stats}");

        let running = api.submit(&admin, "diagnostics.sleep", json!({ "ms": 120_000 })).await;
        api.job_is(&admin, &running["id"], "running").await;
        let id = running["id"].as_str().unwrap();
        operate(installation, &["jobs", "drain", "default", "--seconds", "1"]).refused("1 jobs still run");
        assert!(command(&["jobs", "cancel", id]).contains("is told to stop"));
        api.job_is(&admin, &running["id"], "cancelled").await;
        assert!(command(&["jobs", "drain", "default"]).contains("nothing of it runs"));

        let retried = command(&["jobs", "retry", "--status", "dead", "--kind", "diagnostics.sleep"]);
        assert!(retried.contains("1 jobs can run"), "{retried}");
        assert!(command(&["jobs", "list", "--status", "queued"]).contains(&letter), "the queue rests");
        command(&["jobs", "resume", "default"]);
        eventually("the second try", PATIENCE, async || {
            command(&["jobs", "show", &letter]).contains("try 1 ended").then_some(())?;
            let history = api.get(&format!("/api/v1/jobs/{letter}/attempts")).bearer(&admin.access).gives(200).await;
            (history.data().as_array().unwrap().len() == 2).then_some(())
        })
        .await;
        operate(installation, &["jobs", "retry", id]).well();
        operate(installation, &["jobs", "cancel", id]).well();
        operate(installation, &["jobs", "retry"]).refused("required");
        let entries = api.audit(&admin, "action=queue.pause").await;
        assert_eq!(entries.len(), 2, "{entries:?}");
    }

    /// Another release wrote it, or somebody's hand.
    async fn a_kind_that_no_worker_knows_is_a_dead_letter(installation: &Installation) {
        let api = installation.api("api", &[]).await;
        let admin = api.admin().await;
        let body = json!({ "kind": "diagnostics.echo", "payload": 1, "delaySeconds": 3600 });
        let job = api.post("/api/v1/jobs", &body).bearer(&admin.access).gives(202).await.data();
        installation.sql("UPDATE jobs SET kind = 'gone.for-good' WHERE kind = 'diagnostics.echo'").await;
        operate(installation, &["jobs", "retry", job["id"].as_str().unwrap()]).well();
        let dead = api.job_is(&admin, &job["id"], "dead").await;
        assert_eq!((&dead["lastReason"], &dead["attempt"]), (&json!("unknown-kind"), &json!(1)));
        api.stop().await;
    }
}
