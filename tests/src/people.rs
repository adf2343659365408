//! What people may ask of whoever stores their data: to see all of it, and that it goes.

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, App, Client, PASSWORD, PATIENCE, Tokens, contents, eventually, profiles};

const ADA: &str = "ada@example.com";
const HOME: &str = "203.0.113.7";
const EXPORTS: &str = "/api/v1/users/me/exports";

/// Logs in from a place that nobody else is at.
async fn at_home(app: &Client) -> Tokens {
    let body = json!({ "email": ADA, "password": PASSWORD });
    let call = app.post("/api/v1/auth/login", &body).header("x-forwarded-for", HOME);
    Tokens::of(&call.header("user-agent", "Curious/1.0").gives(200).await)
}

async fn order(app: &Client, access: &str) -> Answer {
    app.call(Method::POST, EXPORTS).bearer(access).send().await
}

/// An export that was asked for and is ready.
async fn exported(app: &Client, access: &str) -> String {
    let ordered = order(app, access).await.is(202).data();
    assert_eq!((&ordered["status"], &ordered["size"]), (&json!("pending"), &Value::Null));
    let path = format!("{EXPORTS}/{}", ordered["id"].as_str().unwrap());
    eventually("an export", PATIENCE, async || {
        let export = app.get(&path).bearer(access).gives(200).await.data();
        (export["status"] == "ready").then_some(())
    })
    .await;
    path
}

async fn remove_me(app: &Client, access: &str) -> Answer {
    app.call(Method::DELETE, "/api/v1/users/me").bearer(access).send().await
}

async fn purge(app: &App) {
    let admin = app.admin().await;
    let job = app.submit(&admin, "maintenance.purge", json!({})).await;
    app.job_is(&admin, &job["id"], "succeeded").await;
}

/// Files below a directory.
fn files(path: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    entries.map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

/// The tables that still hold a text, as it is or in hexadecimal.
async fn tables_with(app: &App, text: &str) -> Vec<String> {
    let hex = text.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"));
    let holds = |row: &String| row.contains(text) || row.to_uppercase().contains(&hex);
    let all = contents(app.database_url()).await;
    all.into_iter().filter(|(_, rows)| rows.iter().any(holds)).map(|(table, _)| table).collect()
}

profiles! {
    [owned_clock().with("SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]

    async fn all_that_is_stored_is_exported_and_gone_after_a_day(app: &App) {
        app.newcomer(ADA).await;
        let (ada, eve) = (at_home(app).await, app.member("eve@example.com").await);
        let path = exported(app, &ada.access).await;
        let size = app.get(&path).bearer(&ada.access).gives(200).await.data()["size"].clone();
        let answer = app.get(&format!("{path}/content")).bearer(&ada.access).gives(200).await;
        assert_eq!(answer.header("content-type"), "application/json");
        assert!(answer.header("content-disposition").starts_with("attachment"), "{:?}", answer.headers);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(json!(answer.bytes.len()), size);

        let document = answer.json();
        assert_eq!(document["format"], "mainstay.person.v1");
        assert_eq!((&document["account"][0]["id"], &document["account"][0]["email"]), (&json!(ada.user), &json!(ADA)));
        assert_eq!(document["sessions"][0]["id"], json!(ada.session));
        assert_eq!(document["devices"][0]["agent"], "Curious");
        assert_eq!(document["exports"].as_array().unwrap().len(), 1);
        let trail = document["auditTrail"].as_array().unwrap();
        let login = trail.iter().find(|entry| entry["action"] == "session.login").unwrap();
        assert_eq!((&login["ip"], &login["userAgent"]), (&json!(HOME), &json!("Curious/1.0")));
        assert!(trail.iter().any(|entry| entry["action"] == "user.register"), "{trail:?}");
        let text = document.to_string();
        for secret in ["argon2", "eve@example.com", eve.user.as_str()] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }

        for whole in [path.clone(), format!("{path}/content")] {
            app.get(&whole).bearer(&eve.access).refused(404, "not_found").await;
        }
        let kept = app.data().join("files/exports");
        assert_eq!(files(&kept), 1);
        app.advance(Duration::from_secs(24 * 60 * 60));
        let ada = app.login(ADA, PASSWORD).await;
        for whole in [path.clone(), format!("{path}/content")] {
            app.get(&whole).bearer(&ada.access).refused(404, "not_found").await;
        }
        app.advance_seconds(1);
        purge(app).await;
        assert_eq!(files(&kept), 0);
    }

    /// What a stolen token must not do, either of them.
    async fn both_need_a_fresh_proof(app: &App) {
        let ada = app.member(ADA).await;
        app.advance_seconds(601);
        order(app, &ada.access).await.refuses(401, "reauthentication_required");
        remove_me(app, &ada.access).await.refuses(401, "reauthentication_required");
        app.me(&ada.access).await.is(200);
        let proof = json!({ "password": PASSWORD });
        app.post("/api/v1/auth/reauthenticate", &proof).bearer(&ada.access).gives(200).await;
        remove_me(app, &ada.access).await.is(204);
    }

    /// For some days an administrator can bring it back.
    async fn a_deleted_account_lets_nobody_in_and_can_be_restored(app: &App) {
        let ada = app.member(ADA).await;
        remove_me(app, &ada.access).await.is(204);
        app.me(&ada.access).await.refuses(401, "token_revoked");
        app.refresh(&ada.refresh).await.refuses(401, "token_revoked");
        app.try_login(ADA, PASSWORD).await.refuses(401, "invalid_credentials");
        let mail = app.mail(ADA, "Your account was deleted").await;
        assert!(mail["text"].as_str().unwrap().contains("30 days"), "{mail}");

        app.advance_days(29);
        purge(app).await;
        let restore = format!("/api/v1/users/{}/restore", ada.user);
        app.call(Method::POST, &restore).bearer(&app.admin().await.access).gives(200).await;
        let again = app.login(ADA, PASSWORD).await;
        assert_eq!(again.user, ada.user);
    }

    /// Nothing that tells who it was is left, and the trail still tells what happened.
    async fn after_the_grace_a_person_is_erased(app: &App) {
        app.newcomer(ADA).await;
        let ada = at_home(app).await;
        let change = app.call(Method::PATCH, "/api/v1/users/me").bearer(&ada.access);
        let change = change.header("x-forwarded-for", HOME);
        change.body("application/json", r#"{"displayName":"Countess Lovelace","phone":"+14155550123"}"#).gives(200).await;
        let wrong = json!({ "email": ADA, "password": "a wrong password" });
        app.post("/api/v1/auth/login", &wrong).header("x-forwarded-for", HOME).refused(401, "invalid_credentials").await;
        exported(app, &ada.access).await;
        let before = app.audit(&app.admin().await, &format!("actor={}", ada.user)).await;
        assert!(before.iter().any(|entry| entry["ipAddress"] == HOME), "{before:?}");
        for known in [ADA, "Countess Lovelace"] {
            assert!(!tables_with(app, known).await.is_empty(), "{known}");
        }
        remove_me(app, &ada.access).await.is(204);
        app.mail(ADA, "Your account was deleted").await;

        app.advance_days(31);
        purge(app).await;
        for known in [ADA, "Countess Lovelace", "4155550123", HOME, "Curious/1.0"] {
            let left = tables_with(app, known).await;
            // Where development looks for the mails it did not send.
            assert!(left.iter().all(|table| table == "captured_mails"), "{known} in {left:?}");
        }
        let admin = app.admin().await;
        let after = app.audit(&admin, &format!("actor={}", ada.user)).await;
        let acts = |entries: &[Value]| {
            entries.iter().map(|entry| (entry["id"].clone(), entry["action"].clone())).collect::<Vec<_>>()
        };
        let deleted = after.iter().filter(|entry| entry["action"] == "user.delete").count();
        assert_eq!(deleted, 1);
        assert_eq!(acts(&after[deleted..]), acts(&before));
        for entry in &after {
            assert_eq!((&entry["ipAddress"], &entry["userAgent"]), (&Value::Null, &Value::Null), "{entry}");
        }
        let kept = app.data().join("files/exports");
        eventually("no export", PATIENCE, async || (files(&kept) == 0).then_some(())).await;
        let restore = format!("/api/v1/users/{}/restore", ada.user);
        app.call(Method::POST, &restore).bearer(&admin.access).refused(404, "not_found").await;
    }

    /// Somebody must be left who can administer the platform.
    async fn the_last_owner_stays(app: &App) {
        let admin = app.admin().await;
        remove_me(app, &admin.access).await.refuses(409, "conflict");
        app.me(&admin.access).await.is(200);
        let second = app.second_operator("bob@example.com").await;
        remove_me(app, &admin.access).await.is(204);
        remove_me(app, &second.access).await.refuses(409, "conflict");
    }
}
