//! Recurring work, as operators see it.

use serde_json::{Value, json};

use crate::harness::{App, PATIENCE, Tokens, eventually, profiles};

const SCHEDULES: &str = "/api/v1/schedules";
const PURGE: &str = "maintenance.purge";

async fn schedule(app: &App, admin: &Tokens) -> Value {
    let all = app.get(SCHEDULES).bearer(&admin.access).gives(200).await.data();
    let all = all.as_array().unwrap();
    all.iter().find(|schedule| schedule["name"] == PURGE).unwrap().clone()
}

async fn jobs(app: &App) -> Vec<Value> {
    // The clock may have moved by hours, and with it the end of every token.
    let admin = app.admin().await;
    let path = format!("/api/v1/jobs?kind={PURGE}");
    app.get(&path).bearer(&admin.access).gives(200).await.data().as_array().unwrap().clone()
}

async fn is_caused(app: &App, count: usize) {
    eventually(&format!("{count} jobs"), PATIENCE, async || (jobs(app).await.len() == count).then_some(()))
        .await;
}

/// The other schedule fires at the same turn of the same loop: when it has, the loop has been there.
async fn loop_has_looked(app: &App, before: &Value) {
    eventually("another schedule's next time", PATIENCE, async || {
        let admin = app.admin().await;
        let all = app.get(SCHEDULES).bearer(&admin.access).gives(200).await.data();
        let keys = all.as_array().unwrap().iter().find(|schedule| schedule["name"] == "keys.tend").cloned();
        (keys.unwrap()["lastTick"] != before["lastTick"]).then_some(())
    })
    .await;
}

async fn keys(app: &App) -> Value {
    let admin = app.admin().await;
    let all = app.get(SCHEDULES).bearer(&admin.access).gives(200).await.data();
    all.as_array().unwrap().iter().find(|schedule| schedule["name"] == "keys.tend").unwrap().clone()
}

profiles! {
    [owned_clock()]

    async fn each_time_causes_one_job_and_missed_ones_another(app: &App) {
        let admin = app.admin().await;
        let begun = schedule(app, &admin).await;
        assert_eq!((&begun["cron"], &begun["timeZone"]), (&json!("7 * * * *"), &json!("UTC")));
        assert!(begun["nextTick"].as_str() > begun["lastTick"].as_str(), "{begun}");
        assert!(jobs(app).await.is_empty(), "a new schedule makes good for nothing");

        app.advance_seconds(3600);
        is_caused(app, 1).await;
        let fired = schedule(app, &app.admin().await).await;
        assert_eq!(fired["lastTick"], begun["nextTick"]);
        assert_eq!(fired["lastJob"], jobs(app).await[0]["id"]);

        let before = keys(app).await;
        app.advance_seconds(5 * 3600);
        loop_has_looked(app, &before).await;
        is_caused(app, 2).await;
        let before = keys(app).await;
        app.advance_seconds(3600);
        loop_has_looked(app, &before).await;
        is_caused(app, 3).await;
    }

    async fn a_paused_one_rests_and_goes_on(app: &App) {
        let admin = app.admin().await;
        let paused = app.post(&format!("{SCHEDULES}/{PURGE}/pause"), &json!({})).bearer(&admin.access);
        let paused = paused.gives(200).await.data();
        assert!(paused["pausedAt"].is_string() && paused["nextTick"].is_null(), "{paused}");
        let before = keys(app).await;
        app.advance_seconds(2 * 3600);
        loop_has_looked(app, &before).await;
        assert!(jobs(app).await.is_empty());

        let admin = app.admin().await;
        let resumed = app.post(&format!("{SCHEDULES}/{PURGE}/resume"), &json!({})).bearer(&admin.access);
        let resumed = resumed.gives(200).await.data();
        assert!(resumed["pausedAt"].is_null() && resumed["nextTick"].is_string(), "{resumed}");
        let before = keys(app).await;
        app.advance_seconds(3600);
        loop_has_looked(app, &before).await;
        is_caused(app, 1).await;
        for action in ["schedule.pause", "schedule.resume"] {
            let trail = format!("/api/v1/audit?action={action}");
            let entries = app.get(&trail).bearer(&app.admin().await.access).gives(200).await.data();
            assert_eq!(entries.as_array().unwrap().len(), 1, "{action}");
        }
    }

    async fn one_is_run_by_hand(app: &App) {
        let admin = app.admin().await;
        let before = schedule(app, &admin).await;
        let run = app.post(&format!("{SCHEDULES}/{PURGE}/run"), &json!({})).bearer(&admin.access);
        let answer = run.gives(202).await;
        let job = answer.data();
        assert_eq!(answer.header("location"), format!("/api/v1/jobs/{}", job["id"].as_str().unwrap()));
        app.job_is(&admin, &job["id"], "succeeded").await;
        let after = schedule(app, &admin).await;
        assert_eq!(after["lastJob"], job["id"]);
        assert_eq!(after["lastTick"], before["lastTick"], "its times stay as they are");
        for action in ["run", "pause", "resume"] {
            let unknown = app.post(&format!("{SCHEDULES}/nonsense/{action}"), &json!({}));
            unknown.bearer(&admin.access).refused(404, "not_found").await;
        }
    }
}
