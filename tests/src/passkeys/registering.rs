//! Passkeys added, looked at, taken away.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::authenticator::{Authenticator, BACKED_UP, BACKUP_ELIGIBLE};
use uuid::Uuid;

use super::{
    ADA, EVE, begin_login, begin_registration, denied, finish_registration, login, origin, owner, passkeys,
    registered, remove,
};
use crate::harness::{PASSWORD, profiles};

profiles! {
    [owned_clock()]

    async fn is_added_looked_at_and_taken_away(app: &App) {
        let ada = app.member(ADA).await;
        assert_eq!(passkeys(app, &ada.access).await, Vec::<Value>::new());
        let synced = |it: &mut Authenticator| it.flags |= BACKUP_ELIGIBLE | BACKED_UP;
        let (mut authenticator, id) = registered(app, &ada.access, synced).await;
        app.mail(ADA, "A passkey was added to your account").await;
        let listed = passkeys(app, &ada.access).await;
        assert_eq!(listed.len(), 1);
        assert_eq!((&listed[0]["id"], &listed[0]["label"]), (&json!(id), &json!("Telephone")));
        assert_eq!(listed[0]["transports"], json!(["internal", "hybrid"]));
        assert_eq!((&listed[0]["backupEligible"], &listed[0]["backedUp"]), (&json!(true), &json!(true)));
        assert_eq!(listed[0]["lastUsedAt"], Value::Null);
        login(app, &mut authenticator).await.is(200);
        assert_ne!(passkeys(app, &ada.access).await[0]["lastUsedAt"], Value::Null);

        remove(app, &ada.access, &id).await.is(204);
        remove(app, &ada.access, &id).await.refuses(404, "not_found");
        app.mail(ADA, "A passkey was removed from your account").await;
        login(app, &mut authenticator).await.refuses(401, "invalid_credentials");
        assert_eq!(denied(app, "session.login-passkey").await, "passkey_unknown");
    }

    /// The browser is told which authenticators are in use already.
    async fn one_authenticator_is_asked_once(app: &App) {
        let (ada, authenticator, _) = owner(app, ADA).await;
        let options = begin_registration(app, &ada.access).await;
        assert_eq!(options["excludeCredentials"].as_array().unwrap().len(), 1);
        assert_eq!(options["user"]["name"], ADA);
        assert_eq!(options["user"]["id"], authenticator.handle);
    }

    async fn a_challenge_works_once_for_who_asked_within_five_minutes(app: &App) {
        let (ada, eve) = (app.member(ADA).await, app.member(EVE).await);
        let mut authenticator = Authenticator::new(&origin(app));
        let spent = authenticator.create(&begin_registration(app, &ada.access).await);
        finish_registration(app, &ada.access, &spent).await.is(201);
        let of_eve = authenticator.create(&begin_registration(app, &eve.access).await);
        let of_login = authenticator.create(&json!({
            "challenge": begin_login(app).await["challenge"], "user": { "id": "AA" }, "rp": { "id": "localhost" },
        }));
        let late = authenticator.create(&begin_registration(app, &ada.access).await);
        app.advance_seconds(5 * 60);
        for credential in [spent, of_eve, of_login, late] {
            let answer = finish_registration(app, &ada.access, &credential).await;
            answer.refuses(422, "validation_failed").names("credential", "challenge");
        }
    }

    /// What is refused is refused as what it is, and its challenge is gone all the same.
    async fn what_is_not_acceptable_is_not_kept(app: &App) {
        let ada = app.member(ADA).await;
        let mut elsewhere = Authenticator::new("https://evil.example");
        let options = begin_registration(app, &ada.access).await;
        let answer = finish_registration(app, &ada.access, &elsewhere.create(&options)).await;
        answer.refuses(422, "validation_failed").names("credential", "passkey");
        assert_eq!(denied(app, "passkey.add").await, "passkey_origin");
        elsewhere.origin = origin(app);
        let answer = finish_registration(app, &ada.access, &elsewhere.create(&options)).await;
        answer.refuses(422, "validation_failed").names("credential", "challenge");
        for nonsense in [json!({}), json!(7), json!({ "rawId": "AA", "response": { "clientDataJSON": "e30" } })] {
            let answer = finish_registration(app, &ada.access, &nonsense).await;
            answer.refuses(422, "validation_failed").names("credential", "passkey");
        }
        let credential = elsewhere.create(&begin_registration(app, &ada.access).await);
        let body = json!({ "label": " \u{7} ", "credential": credential });
        let call = app.post("/api/v1/auth/passkeys/register/finish", &body).bearer(&ada.access);
        call.refused(422, "validation_failed").await.names("label", "label");
        assert_eq!(passkeys(app, &ada.access).await, Vec::<Value>::new());
    }

    async fn a_passkey_is_one_persons(app: &App) {
        let (_, mut authenticator, id) = owner(app, ADA).await;
        let eve = app.member(EVE).await;
        let credential = authenticator.create(&begin_registration(app, &eve.access).await);
        finish_registration(app, &eve.access, &credential).await.refuses(409, "conflict");
        assert_eq!(passkeys(app, &eve.access).await, Vec::<Value>::new());
        remove(app, &eve.access, &id).await.refuses(404, "not_found");
        remove(app, &eve.access, &Uuid::nil().to_string()).await.refuses(404, "not_found");
    }

    /// Who has only a stolen access token neither adds a way in nor takes one away.
    async fn both_ask_for_a_fresh_proof(app: &App) {
        let (ada, mut authenticator, id) = owner(app, ADA).await;
        let credential = authenticator.create(&begin_registration(app, &ada.access).await);
        app.advance_seconds(10 * 60);
        let ada = app.refreshed(&ada).await;
        let begin = app.call(Method::POST, "/api/v1/auth/passkeys/register/begin").bearer(&ada.access);
        begin.refused(401, "reauthentication_required").await;
        finish_registration(app, &ada.access, &credential).await.refuses(401, "reauthentication_required");
        remove(app, &ada.access, &id).await.refuses(401, "reauthentication_required");
    }

    async fn one_may_have_twenty(app: &App) {
        let ada = app.member(ADA).await;
        let mut last = Authenticator::new(&origin(app));
        let credential = last.create(&begin_registration(app, &ada.access).await);
        for _ in 0..20 {
            registered(app, &ada.access, |_| {}).await;
        }
        let begin = app.call(Method::POST, "/api/v1/auth/passkeys/register/begin").bearer(&ada.access);
        begin.refused(409, "conflict").await;
        finish_registration(app, &ada.access, &credential).await.refuses(409, "conflict");
        assert_eq!(passkeys(app, &ada.access).await.len(), 20);
    }

    async fn the_last_way_in_stays(app: &App) {
        let (ada, _, first) = owner(app, ADA).await;
        let (_, second) = registered(app, &ada.access, |_| {}).await;
        app.forget_password(ADA).await;
        app.try_login(ADA, PASSWORD).await.refuses(401, "invalid_credentials");
        remove(app, &ada.access, &first).await.is(204);
        remove(app, &ada.access, &second).await.refuses(409, "conflict");
        assert_eq!(passkeys(app, &ada.access).await.len(), 1);
    }

    async fn sent_again_it_is_added_once(app: &App) {
        let ada = app.member(ADA).await;
        let credential = Authenticator::new(&origin(app)).create(&begin_registration(app, &ada.access).await);
        let send = async || {
            let body = json!({ "credential": credential });
            let call = app.post("/api/v1/auth/passkeys/register/finish", &body).bearer(&ada.access);
            call.header("idempotency-key", "once").gives(201).await
        };
        let (first, again) = (send().await, send().await);
        assert_eq!(first.bytes, again.bytes);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(first.data()["label"], "Passkey");
        assert_eq!(passkeys(app, &ada.access).await.len(), 1);
    }
}
