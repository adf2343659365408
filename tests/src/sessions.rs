//! The sessions of an account, as its owner sees and ends them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, PASSWORD, Tokens, profiles};

const ADA: &str = "ada@example.com";

async fn sessions(app: &Client, access: &str) -> Vec<Value> {
    let answer = app.get("/api/v1/auth/sessions").bearer(access).gives(200).await;
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    answer.data().as_array().unwrap().clone()
}

async fn end(app: &Client, access: &str, session: &str) -> Answer {
    app.call(Method::DELETE, &format!("/api/v1/auth/sessions/{session}")).bearer(access).send().await
}

async fn reauthenticate(app: &Client, access: &str, password: &str) -> Answer {
    app.post("/api/v1/auth/reauthenticate", &json!({ "password": password })).bearer(access).send().await
}

/// Something that asks for a proof of the last ten minutes.
async fn dangerous(app: &Client, access: &str) -> Answer {
    let body = json!({ "email": "lovelace@example.com" });
    app.post("/api/v1/auth/change-email", &body).bearer(access).send().await
}

profiles! {
    async fn are_listed_with_the_one_that_asks(app: &App) {
        let first = app.member(ADA).await;
        let second = app.login(ADA, PASSWORD).await;
        app.member("bob@example.com").await;
        let listed = sessions(app, &second.access).await;
        let shown: Vec<_> = listed.iter().map(|row| (row["id"].as_str().unwrap(), row["current"] == true)).collect();
        assert_eq!(shown, [(second.session.as_str(), true), (first.session.as_str(), false)]);
        assert_eq!(listed[0]["ip"], "127.0.0.1");
        assert_eq!(listed[0]["methods"], json!(["pwd"]));
        let page = app.get("/api/v1/auth/sessions?limit=1").bearer(&second.access).gives(200).await.json();
        assert_eq!(page["meta"]["hasMore"], true);
        app.get("/api/v1/auth/sessions?colour=red").bearer(&second.access).refused(422, "validation_failed").await;
    }

    async fn one_is_ended_from_another(app: &App) {
        let lost = app.member(ADA).await;
        let here = app.login(ADA, PASSWORD).await;
        end(app, &here.access, &lost.session).await.is(204);
        app.me(&lost.access).await.refuses(401, "token_revoked");
        app.refresh(&lost.refresh).await.refuses(401, "token_revoked");
        app.me(&here.access).await.is(200);
        assert_eq!(sessions(app, &here.access).await.len(), 1);
        end(app, &here.access, &lost.session).await.refuses(404, "not_found");
    }

    /// Somebody else's is not found, and lives on.
    async fn only_ones_own_can_be_ended(app: &App) {
        let (ada, eve) = (app.member(ADA).await, app.member("eve@example.com").await);
        end(app, &eve.access, &ada.session).await.refuses(404, "not_found");
        end(app, &eve.access, "no-id").await.refuses(404, "not_found");
        app.me(&ada.access).await.is(200);
    }

    async fn all_are_ended_at_once(app: &App) {
        let (first, bob) = (app.member(ADA).await, app.member("bob@example.com").await);
        let second = app.login(ADA, PASSWORD).await;
        app.call(Method::POST, "/api/v1/auth/logout-all").bearer(&first.access).gives(204).await;
        for tokens in [&first, &second] {
            app.me(&tokens.access).await.refuses(401, "token_revoked");
            app.refresh(&tokens.refresh).await.refuses(401, "token_revoked");
        }
        app.me(&bob.access).await.is(200);
        app.login(ADA, PASSWORD).await;
    }
}

profiles! {
    [owned_clock()]

    async fn expired_ones_are_not_listed(app: &App) {
        app.member(ADA).await;
        app.advance_days(89);
        let late = app.login(ADA, PASSWORD).await;
        app.advance_days(2);
        let late = app.refreshed(&late).await;
        assert_eq!(sessions(app, &late.access).await.len(), 1);
    }

    /// RFC 9470: the challenge says what is missing, and a new proof opens the door.
    async fn what_is_dangerous_asks_for_a_fresh_proof(app: &App) {
        let ada = app.member(ADA).await;
        dangerous(app, &ada.access).await.is(202);
        app.advance_seconds(10 * 60);
        let refused = dangerous(app, &ada.access).await.refuses(401, "reauthentication_required");
        let challenge = "Bearer error=\"insufficient_user_authentication\", max_age=600";
        assert_eq!(refused.header("www-authenticate"), challenge);
        // A refresh is no proof.
        let ada: Tokens = app.refreshed(&ada).await;
        dangerous(app, &ada.access).await.refuses(401, "reauthentication_required");
        reauthenticate(app, &ada.access, "a wrong password").await.refuses(401, "invalid_credentials");
        dangerous(app, &ada.access).await.refuses(401, "reauthentication_required");
        reauthenticate(app, &ada.access, PASSWORD).await.is(200);
        dangerous(app, &ada.access).await.is(202);
        // Only for the session that gave it.
        app.advance_seconds(5 * 60);
        let other = app.login(ADA, PASSWORD).await;
        app.advance_seconds(9 * 60);
        dangerous(app, &ada.access).await.refuses(401, "reauthentication_required");
        dangerous(app, &other.access).await.is(202);
    }

    /// Guessing goes no further with a stolen token than without one.
    async fn wrong_proofs_lock_like_wrong_logins(app: &App) {
        let ada = app.member(ADA).await;
        for _ in 0..5 {
            reauthenticate(app, &ada.access, "a wrong password").await.refuses(401, "invalid_credentials");
        }
        reauthenticate(app, &ada.access, PASSWORD).await.refuses(423, "account_locked");
        app.try_login(ADA, PASSWORD).await.refuses(423, "account_locked");
        app.advance_seconds(15 * 60);
        // The lock is over; so is the access token.
        let ada = app.refreshed(&ada).await;
        reauthenticate(app, &ada.access, PASSWORD).await.is(200);
    }
}

profiles! {
    [owned_clock()]

    /// Requests only note it; it is written in batches, and at most once a minute.
    async fn the_last_use_is_known_to_the_minute(app: &App) {
        let ada = app.member(ADA).await;
        let last_used = async || {
            app.use_cases().auth.write_uses().await.unwrap();
            sessions(app, &ada.access).await[0]["lastUsedAt"].as_str().unwrap().to_owned()
        };
        let opened = last_used().await;
        app.advance_seconds(61);
        app.me(&ada.access).await.is(200);
        let used = last_used().await;
        assert!(used > opened, "{used} is not after {opened}");
        app.advance_seconds(30);
        app.me(&ada.access).await.is(200);
        assert_eq!(last_used().await, used);
        app.advance_seconds(30);
        app.me(&ada.access).await.is(200);
        assert!(last_used().await > used);
    }
}
