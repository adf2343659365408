//! Who did what: every change leaves an entry.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{App, PASSWORD, Tokens, profiles};

const EMAIL: &str = "ada@example.com";
const AGENT: &str = "audit-test/1.0";

/// Each call has a request id and a trace of its own, made from its name.
async fn post(
    app: &App,
    name: &str,
    path: &str,
    bearer: Option<&str>,
    body: Value,
) -> crate::harness::Answer {
    let call = app.call(Method::POST, path).body("application/json", body.to_string());
    let call = call.header("x-request-id", name).header("user-agent", AGENT);
    let call = call.header("traceparent", &format!("00-{}-b7ad6b7169203331-01", trace_of(name)));
    let call = match bearer {
        Some(token) => call.bearer(token),
        None => call,
    };
    call.send().await
}

/// The name's bytes, filled up to sixteen.
fn trace_of(name: &str) -> String {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    uuid::Uuid::from_bytes(bytes).simple().to_string()
}

profiles! {
    async fn every_change_leaves_an_entry(app: &App) {
        let admin = app.admin().await;
        let credentials = json!({ "email": EMAIL, "password": PASSWORD });
        post(app, "register", "/api/v1/auth/register", None, credentials.clone()).await.is(202);
        let token = app.mail_token(EMAIL).await;
        post(app, "verify", "/api/v1/auth/verify-email", None, json!({ "token": token })).await.is(200);
        let wrong = json!({ "email": EMAIL, "password": "a wrong password" });
        post(app, "wrong", "/api/v1/auth/login", None, wrong).await.is(401);
        let tokens = Tokens::of(&post(app, "login", "/api/v1/auth/login", None, credentials).await.is(200));
        let refresh = json!({ "refreshToken": tokens.refresh });
        post(app, "refresh", "/api/v1/auth/refresh", None, refresh).await.is(200);
        post(app, "logout", "/api/v1/auth/logout", Some(&tokens.access), json!({})).await.is(204);
        let job = json!({ "kind": "diagnostics.echo", "payload": {} });
        let job = post(app, "submit", "/api/v1/jobs", Some(&admin.access), job).await.is(202).data();

        let user = Some(tokens.user.as_str());
        let session = Some(tokens.session.as_str());
        let entries = app.audit(&admin, "").await;
        for (name, action, actor, resource, id, outcome) in [
            ("register", "user.register", None, "user", user, "success"),
            ("verify", "user.verify-email", user, "user", user, "success"),
            ("wrong", "session.login", None, "session", user, "denied"),
            ("login", "session.login", user, "session", session, "success"),
            ("refresh", "session.refresh", user, "session", session, "success"),
            ("logout", "session.logout", user, "session", session, "success"),
            ("submit", "job.submit", Some(admin.user.as_str()), "job", job["id"].as_str(), "success"),
        ] {
            let of_request: Vec<_> = entries.iter().filter(|entry| entry["requestId"] == name).collect();
            assert_eq!(of_request.len(), 1, "{name}: {of_request:?}");
            let entry = of_request[0];
            assert_eq!(entry["action"], action, "{entry}");
            assert_eq!(entry["actor"].as_str(), actor, "{entry}");
            assert_eq!(entry["actorKind"], if actor.is_some() { "user" } else { "anonymous" }, "{entry}");
            assert_eq!(entry["resource"], resource, "{entry}");
            assert_eq!(entry["resourceId"].as_str(), id, "{entry}");
            assert_eq!(entry["outcome"], outcome, "{entry}");
            assert_eq!(entry["reason"].is_string(), outcome == "denied", "{entry}");
            assert_eq!(entry["ipAddress"], "127.0.0.1", "{entry}");
            assert_eq!(entry["userAgent"], AGENT, "{entry}");
            assert_eq!(entry["traceId"], trace_of(name), "{entry}");
        }
        // What the registration caused in the background belongs to its trace.
        let caused = entries.iter().find(|entry| entry["action"] == "mail-token.issue").unwrap();
        assert_eq!(caused["traceId"], trace_of("register"));
        assert_eq!((&caused["actorKind"], &caused["actor"]), (&json!("system"), &json!("worker")));
        assert!(entries.iter().any(|entry| entry["action"] == "platform.initialise"));
        app.job_is(&admin, &job["id"], "succeeded").await;
    }

    async fn reading_and_failing_leave_none(app: &App) {
        let admin = app.admin().await;
        let before = app.audit(&admin, "").await.len();
        app.me(&admin.access).await.is(200);
        app.get("/api/v1/jobs").bearer(&admin.access).gives(200).await;
        app.get("/nothing").gives(404).await;
        app.verify("nonsense").await.is(422);
        app.register("no address", PASSWORD).await.is(422);
        assert_eq!(app.audit(&admin, "").await.len(), before);
    }

    async fn nothing_secret_is_recorded(app: &App) {
        let admin = app.admin().await;
        let tokens = app.member(EMAIL).await;
        app.try_login(EMAIL, "a wrong password").await.is(401);
        let trail = serde_json::to_string(&app.audit(&admin, "").await).unwrap();
        for secret in [PASSWORD, "a wrong password", &tokens.access, &tokens.refresh, EMAIL] {
            assert!(!trail.contains(secret), "{secret}");
        }
    }
}

profiles! {
    [owned_clock()]

    async fn the_trail_filters_and_goes_on(app: &App) {
        let admin = app.admin().await;
        app.advance_seconds(60);
        let tokens = app.member(EMAIL).await;
        app.advance_seconds(60);
        for _ in 0..3 {
            app.try_login(EMAIL, "a wrong password").await.is(401);
        }

        let by_actor = app.audit(&admin, &format!("actor={}", tokens.user)).await;
        assert!(by_actor.len() >= 2 && by_actor.iter().all(|entry| entry["actor"] == tokens.user.as_str()));
        let by_action = app.audit(&admin, "action=session.login").await;
        assert_eq!(by_action.len(), 5);
        let by_resource = app.audit(&admin, "resource=user").await;
        assert!(!by_resource.is_empty() && by_resource.iter().all(|entry| entry["resource"] == "user"));
        // The clock stood at noon, a minute later, two minutes later.
        let of_time = async |query: &str| app.audit(&admin, &format!("action=session.login&{query}")).await.len();
        assert_eq!(of_time("from=2026-03-01T12:02:00Z").await, 3);
        assert_eq!(of_time("to=2026-03-01T12:01:00Z").await, 1);
        assert_eq!(of_time("from=2026-03-01T12:01:00Z&to=2026-03-01T12:02:00Z").await, 1);

        let mut paged: Vec<Value> = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/audit?action=session.login&limit=2{cursor}");
            let page = app.get(&path).bearer(&admin.access).gives(200).await.json();
            paged.extend(page["data"].as_array().unwrap().clone());
            match page["meta"]["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(paged, by_action, "newest first, none twice, none left out");
    }
}
