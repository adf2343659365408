//! Logins by a passkey alone, and what is none.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::authenticator::{BACKED_UP, BACKUP_ELIGIBLE, UNLOCKED};

use super::{
    ADA, EVE, begin_login, begin_registration, denied, finish_login, login, methods, owner, passkeys,
    registered,
};
use crate::harness::{PASSWORD, Tokens, profiles};

profiles! {
    [owned_clock()]

    /// Nobody says who they are: the passkey does. It is two factors, so no other is asked for.
    async fn a_passkey_is_enough(app: &App) {
        let (ada, mut bound, _) = owner(app, ADA).await;
        let (mut synced, _) = registered(app, &ada.access, |it| it.flags |= BACKUP_ELIGIBLE).await;
        let answer = login(app, &mut bound).await.is(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        let inside = Tokens::of(&answer);
        assert_eq!(inside.user, ada.user);
        assert_eq!(methods(app, &inside.access).await, json!(["hwk", "user", "mfa"]));
        synced.flags |= BACKED_UP;
        let inside = Tokens::of(&login(app, &mut synced).await.is(200));
        assert_eq!(methods(app, &inside.access).await, json!(["swk", "user", "mfa"]));
        let backed_up: Vec<Value> =
            passkeys(app, &ada.access).await.iter().map(|passkey| passkey["backedUp"].clone()).collect();
        assert_eq!(backed_up, [false, true]);
        app.refreshed(&inside).await;
    }

    async fn a_challenge_works_once_within_five_minutes(app: &App) {
        let (ada, mut authenticator, _) = owner(app, ADA).await;
        let spent = authenticator.get(&begin_login(app).await);
        finish_login(app, &spent).await.is(200);
        let mut of_registration = begin_registration(app, &ada.access).await;
        of_registration["rpId"] = "localhost".into();
        let mut made_up = begin_login(app).await;
        made_up["challenge"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into();
        let late = begin_login(app).await;
        app.advance_seconds(5 * 60);
        finish_login(app, &spent).await.refuses(401, "invalid_credentials");
        for options in [of_registration, made_up, late] {
            finish_login(app, &authenticator.get(&options)).await.refuses(401, "invalid_credentials");
            assert_eq!(denied(app, "session.login-passkey").await, "passkey_challenge");
        }
    }

    async fn of_many_with_one_answer_one_gets_in(app: &App) {
        let (_, mut authenticator, _) = owner(app, ADA).await;
        let answer = authenticator.get(&begin_login(app).await);
        let answers = join_all((0..8).map(|_| finish_login(app, &answer))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    }

    /// Each of these uses its challenge up, and is told apart in the audit trail only.
    async fn what_proves_nothing_is_refused(app: &App) {
        let (_, mut authenticator, _) = owner(app, ADA).await;
        let eve = app.member(EVE).await;
        let (handle, origin, flags) =
            (authenticator.handle.clone(), authenticator.origin.clone(), authenticator.flags);
        let refused = async |answer: &Value, reason: &str| {
            finish_login(app, answer).await.refuses(401, "invalid_credentials");
            assert_eq!(denied(app, "session.login-passkey").await, reason);
        };
        let options = begin_login(app).await;
        authenticator.origin = "https://evil.example".to_owned();
        refused(&authenticator.get(&options), "passkey_origin").await;
        authenticator.origin = origin;
        refused(&authenticator.get(&options), "passkey_challenge").await;
        authenticator.flags &= !UNLOCKED;
        refused(&authenticator.get(&begin_login(app).await), "passkey_not_unlocked").await;
        authenticator.flags = flags;
        authenticator.rp_id = Some("evil.example".to_owned());
        refused(&authenticator.get(&begin_login(app).await), "passkey_relying_party").await;
        authenticator.rp_id = None;
        authenticator.handle = begin_registration(app, &eve.access).await["user"]["id"].as_str().unwrap().to_owned();
        refused(&authenticator.get(&begin_login(app).await), "passkey_user").await;
        authenticator.handle = handle;
        let mut anonymous = authenticator.get(&begin_login(app).await);
        anonymous["response"]["userHandle"] = Value::Null;
        refused(&anonymous, "passkey_user").await;
        let mut tampered = authenticator.get(&begin_login(app).await);
        let signature = tampered["response"]["signature"].as_str().unwrap();
        tampered["response"]["signature"] = signature.replace(|c: char| c.is_ascii_digit(), "A").into();
        refused(&tampered, "passkey_signature").await;
        finish_login(app, &json!({})).await.refuses(422, "validation_failed").names("credential", "passkey");
        login(app, &mut authenticator).await.is(200);
    }

    /// Who signs less often than is known has a copy. Nobody gets in then, and its owner is told.
    async fn a_counter_that_goes_back_is_a_signal(app: &App) {
        let ada = app.member(ADA).await;
        let (mut authenticator, id) = registered(app, &ada.access, |it| it.counter = 5).await;
        login(app, &mut authenticator).await.is(200);
        let known = authenticator.counter;
        for passed in [known - 2, known - 1] {
            authenticator.counter = passed;
            login(app, &mut authenticator).await.refuses(401, "invalid_credentials");
        }
        assert_eq!(denied(app, "session.login-passkey").await, "passkey_cloned");
        app.mail(ADA, "There may be a copy of your passkey").await;
        // The one that goes on counting is not shut out.
        authenticator.counter = known;
        login(app, &mut authenticator).await.is(200);
        assert_eq!(passkeys(app, &ada.access).await[0]["id"], id);
    }

    /// An unsigned counter says nothing: whoever knows the id of a passkey can't raise an alarm.
    async fn a_counter_that_nobody_signed_is_no_signal(app: &App) {
        let ada = app.member(ADA).await;
        let (mut authenticator, _) = registered(app, &ada.access, |it| it.counter = 5).await;
        authenticator.counter = 1;
        let mut forged = authenticator.get(&begin_login(app).await);
        forged["response"]["signature"] = "AAAA".into();
        finish_login(app, &forged).await.refuses(401, "invalid_credentials");
        assert_eq!(denied(app, "session.login-passkey").await, "passkey_signature");
        assert!(app.mails(ADA).await.iter().all(|mail| mail["subject"] != "There may be a copy of your passkey"));
    }

    /// Those that are synchronised don't count.
    async fn a_counter_that_stays_at_zero_is_accepted(app: &App) {
        let (_, mut authenticator, _) = owner(app, ADA).await;
        for _ in 0..3 {
            login(app, &mut authenticator).await.is(200);
        }
    }

    /// Guessing a password locks nobody out who has a passkey; an administrator does.
    async fn a_lock_after_wrong_passwords_does_not_hold_it_up(app: &App) {
        let (ada, mut authenticator, _) = owner(app, ADA).await;
        for _ in 0..5 {
            app.try_login(ADA, "a wrong password").await.refuses(401, "invalid_credentials");
        }
        app.try_login(ADA, PASSWORD).await.refuses(423, "account_locked");
        login(app, &mut authenticator).await.is(200);
        let admin = app.admin().await;
        let path = format!("/api/v1/users/{}/lock", ada.user);
        app.call(reqwest::Method::POST, &path).bearer(&admin.access).gives(200).await;
        login(app, &mut authenticator).await.refuses(401, "invalid_credentials");
    }

    /// Whether a tenant exists is nobody's business but its members'.
    async fn a_foreign_tenant_is_refused(app: &App) {
        let (_, mut authenticator, _) = owner(app, ADA).await;
        let credential = authenticator.get(&begin_login(app).await);
        let body = json!({ "credential": credential, "tenantId": uuid::Uuid::nil() });
        app.post("/api/v1/auth/passkeys/login/finish", &body).refused(401, "invalid_credentials").await;
    }
}
