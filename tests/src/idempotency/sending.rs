//! What a caller sees who sends a request again.

use serde_json::json;

use super::{JOBS, KEY, REPLAYED, echo, echoes, replays, submit};
use crate::harness::profiles;

profiles! {
    async fn the_same_again_is_answered_as_before(app: &App) {
        let admin = app.admin().await;
        let first = submit(app, &admin, "order-7", &echo("one")).await.is(202);
        assert_eq!(first.json()["requestId"], first.header("x-request-id"));
        // Bare or quoted, it is the same key.
        for key in ["order-7", "\"order-7\""] {
            replays(&submit(app, &admin, key, &echo("one")).await, &first);
        }
        submit(app, &admin, "order-8", &echo("one")).await.is(202);
        assert_eq!(echoes(app, &admin, "one").await, 2);
        assert_eq!(app.audit(&admin, "action=job.submit").await.len(), 2, "a replay is not an act");
        // Without a key each one counts.
        for _ in 0..2 {
            app.post(JOBS, &echo("each")).bearer(&admin.access).gives(202).await;
        }
        assert_eq!(echoes(app, &admin, "each").await, 2);
    }

    async fn something_else_under_the_key_is_refused(app: &App) {
        let admin = app.admin().await;
        let first = submit(app, &admin, "k", &echo("one")).await.is(202);
        submit(app, &admin, "k", &echo("other")).await.refuses(422, "idempotency_mismatch");
        let elsewhere = app.post(&format!("{JOBS}?x=1"), &echo("one")).bearer(&admin.access).header(KEY, "k");
        elsewhere.refused(422, "idempotency_mismatch").await;
        replays(&submit(app, &admin, "k", &echo("one")).await, &first);
        assert_eq!(echoes(app, &admin, "other").await, 0);
    }

    async fn a_key_belongs_to_its_caller(app: &App) {
        let admin = app.admin().await;
        let other = app.second_operator("ada@example.com").await;
        let first = submit(app, &admin, "k", &echo("mine")).await.is(202);
        let second = submit(app, &other, "k", &echo("mine")).await.is(202);
        assert_eq!(second.header(REPLAYED), "");
        assert_ne!(second.data()["id"], first.data()["id"]);
        submit(app, &other, "k2", &echo("hers")).await.is(202);
        submit(app, &admin, "k2", &echo("his")).await.is(202);
    }

    /// What depends on the moment or on who asks is asked again.
    async fn what_is_not_kept(app: &App) {
        let admin = app.admin().await;
        let member = app.member("ada@example.com").await;
        for _ in 0..2 {
            let refused = submit(app, &member, "k", &echo("x")).await.refuses(403, "forbidden");
            assert_eq!(refused.header(REPLAYED), "");
            let anonymous = app.post(JOBS, &echo("x")).header(KEY, "k");
            assert_eq!(anonymous.refused(401, "unauthenticated").await.header(REPLAYED), "");
        }
        // A body that is not acceptable uses up no key.
        let refused = submit(app, &admin, "k", &json!({ "kind": "nonsense", "payload": {} })).await;
        refused.refuses(422, "validation_failed");
        submit(app, &admin, "k", &json!({})).await.refuses(422, "validation_failed");
        submit(app, &admin, "k", &echo("x")).await.is(202);
    }

    /// A caller who has lost a right does not get the answer from when it had it.
    async fn a_kept_answer_is_for_those_who_still_may(app: &App) {
        let other = app.second_operator("ada@example.com").await;
        submit(app, &other, "k", &echo("x")).await.is(202);
        app.logout(&other.access).await.is(204);
        submit(app, &other, "k", &echo("x")).await.refuses(401, "token_revoked");
    }

    async fn a_refusal_that_would_be_the_same_again_is_kept(app: &App) {
        let admin = app.admin().await;
        let body = json!({ "kind": "diagnostics.echo", "payload": "x", "uniqueKey": "nightly" });
        submit(app, &admin, "first", &body).await.is(202);
        let refused = submit(app, &admin, "second", &body).await.refuses(409, "conflict");
        replays(&submit(app, &admin, "second", &body).await, &refused);
        // As it was asked for the first time.
        let problem = app.post(JOBS, &body).bearer(&admin.access).header(KEY, "third");
        let problem = problem.header("accept", "application/problem+json").gives(409).await;
        assert_eq!(problem.header("content-type"), "application/problem+json");
        replays(&submit(app, &admin, "third", &body).await, &problem);
    }

    async fn an_unreadable_key_is_refused(app: &App) {
        let admin = app.admin().await;
        let long = "k".repeat(256);
        for key in ["", "\"", "a b", "\"a\"b", long.as_str()] {
            submit(app, &admin, key, &echo("x")).await.refuses(400, "malformed_request");
        }
        let twice = app.post(JOBS, &echo("x")).bearer(&admin.access).header(KEY, "a").header(KEY, "b");
        twice.refused(400, "malformed_request").await;
        assert_eq!(echoes(app, &admin, "x").await, 0);
    }

    /// The same bytes in another coding are the same request.
    async fn a_body_is_compared_as_it_was_before_coding(app: &App) {
        use std::io::Write;
        let admin = app.admin().await;
        let body = echo("coded").to_string();
        let first = app.call(reqwest::Method::POST, JOBS).bearer(&admin.access).header(KEY, "k");
        let first = first.body("application/json", body.clone()).gives(202).await;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(body.as_bytes()).unwrap();
        let again = app.call(reqwest::Method::POST, JOBS).bearer(&admin.access).header(KEY, "k");
        let again = again.header("content-encoding", "gzip").body("application/json", packed.finish().unwrap());
        replays(&again.send().await, &first);
    }

    /// R6.
    async fn of_a_thousand_at_once_one_is_carried_out(app: &App) {
        const MANY: usize = 1_000;
        let admin = app.admin().await;
        let all = (0..MANY).map(|_| {
            let (client, admin) = (app.client(), admin.clone());
            tokio::spawn(async move { submit(&client, &admin, "stampede", &echo("once")).await })
        });
        let (mut fresh, mut replayed, mut refused) = (Vec::new(), 0, 0);
        for answer in futures_util::future::join_all(all.collect::<Vec<_>>()).await {
            let answer = answer.unwrap();
            match (answer.status, answer.header(REPLAYED)) {
                (202, "") => fresh.push(answer),
                (202, "true") => replayed += 1,
                _ => {
                    let answer = answer.refuses(409, "idempotency_in_progress");
                    assert_eq!(answer.header("retry-after"), "1");
                    refused += 1;
                }
            }
        }
        eprintln!("of {MANY}: {} carried out, {replayed} replayed, {refused} told to wait", fresh.len());
        assert_eq!(fresh.len(), 1);
        replays(&submit(app, &admin, "stampede", &echo("once")).await, &fresh[0]);
        assert_eq!(echoes(app, &admin, "once").await, 1);
        assert_eq!(app.audit(&admin, "action=job.submit").await.len(), 1);
    }
}

profiles! {
    [owned_clock()]

    async fn an_answer_is_kept_for_a_day(app: &App) {
        let admin = app.admin().await;
        let first = submit(app, &admin, "k", &echo("daily")).await.is(202);
        app.advance_seconds(24 * 60 * 60 - 1);
        let admin = app.admin().await;
        replays(&submit(app, &admin, "k", &echo("daily")).await, &first);
        app.advance_seconds(1);
        let second = submit(app, &admin, "k", &echo("daily")).await.is(202);
        assert_eq!(second.header(REPLAYED), "");
        assert_eq!(echoes(app, &admin, "daily").await, 2);

        // And then it is removed.
        app.advance_days(2);
        let admin = app.admin().await;
        let purge = app.submit(&admin, "maintenance.purge", json!({})).await;
        app.job_is(&admin, &purge["id"], "succeeded").await;
        let purges = app.get(&format!("{JOBS}?kind=maintenance.purge")).bearer(&admin.access).gives(200).await;
        let removed = |job: &serde_json::Value| job["result"]["rows"]["idempotencyKeys"].as_u64().unwrap_or(0);
        assert_eq!(purges.data().as_array().unwrap().iter().map(removed).sum::<u64>(), 1);
    }
}
