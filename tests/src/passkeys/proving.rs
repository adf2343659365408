//! A passkey in the place of a code: after a password, and to prove anew who one is.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::authenticator::Authenticator;

use super::{ADA, EVE, begin, begin_login, begin_registration, denied, methods, owner, registered};
use crate::harness::{Answer, App, Client, PASSWORD, Tokens, profiles};
use crate::mfa::{STEP, code, protected};

async fn challenge(app: &Client) -> String {
    let data = app.try_login(ADA, PASSWORD).await.is(200).data();
    assert_eq!(data["methods"], json!(["totp", "recovery_code", "passkey"]));
    data["mfaToken"].as_str().unwrap().to_owned()
}

async fn begin_second(app: &Client, token: &str) -> Value {
    begin(app, "mfa/passkey", None, &json!({ "mfaToken": token })).await
}

async fn finish_second(app: &Client, token: &str, credential: &Value) -> Answer {
    let body = json!({ "mfaToken": token, "credential": credential });
    app.post("/api/v1/auth/mfa/passkey/finish", &body).send().await
}

async fn begin_step_up(app: &Client, access: &str) -> Value {
    begin(app, "reauthenticate/passkey", Some(access), &json!({})).await
}

async fn prove(app: &Client, access: &str, proof: &Value) -> Answer {
    app.post("/api/v1/auth/reauthenticate", proof).bearer(access).send().await
}

/// Whether the session may do what is dangerous.
async fn is_fresh(app: &Client, access: &str) -> bool {
    let call = app.call(reqwest::Method::POST, "/api/v1/auth/passkeys/register/begin").bearer(access);
    match call.send().await {
        answer if answer.status == 200 => true,
        answer => {
            answer.refuses(401, "reauthentication_required");
            false
        }
    }
}

/// Somebody with an app and a passkey, whose last proof is too long ago, and whose app shows another code by now.
async fn stale(app: &App) -> (Tokens, String, Vec<String>, Authenticator) {
    let (ada, secret, codes) = protected(app).await;
    let (authenticator, _) = registered(app, &ada.access, |_| {}).await;
    app.advance_seconds(10 * 60);
    assert!(!is_fresh(app, &ada.access).await);
    (ada, secret, codes, authenticator)
}

profiles! {
    [owned_clock()]

    async fn a_passkey_is_a_second_factor(app: &App) {
        let (ada, secret, _) = protected(app).await;
        let (mut authenticator, _) = registered(app, &ada.access, |_| {}).await;
        let token = challenge(app).await;
        let options = begin_second(app, &token).await;
        assert_eq!(options["allowCredentials"].as_array().unwrap().len(), 1);
        let credential = authenticator.get(&options);
        let inside = Tokens::of(&finish_second(app, &token, &credential).await.is(200));
        assert_eq!(methods(app, &inside.access).await, json!(["pwd", "hwk", "user", "mfa"]));
        // Neither is good again, nor does one stand in for the other.
        finish_second(app, &token, &credential).await.refuses(401, "unauthenticated");
        let next = challenge(app).await;
        finish_second(app, &next, &credential).await.refuses(401, "invalid_credentials");
        let body = json!({ "mfaToken": next, "code": code(&secret, app.now()) });
        app.post("/api/v1/auth/mfa/verify", &body).gives(200).await;
    }

    /// Without an app logins ask for no second factor: whoever loses the only passkey has no recovery codes.
    async fn a_passkey_alone_is_none(app: &App) {
        owner(app, ADA).await;
        app.login(ADA, PASSWORD).await;
    }

    async fn only_ones_own_passkey_answers_what_one_was_asked(app: &App) {
        let (ada, ..) = protected(app).await;
        let (mut authenticator, _) = registered(app, &ada.access, |_| {}).await;
        let (_, mut of_eve, _) = owner(app, EVE).await;
        let token = challenge(app).await;
        let of_others = of_eve.get(&begin_second(app, &token).await);
        finish_second(app, &token, &of_others).await.refuses(401, "invalid_credentials");
        assert_eq!(denied(app, "session.login-mfa").await, "passkey_unknown");
        let of_login = authenticator.get(&begin_login(app).await);
        finish_second(app, &token, &of_login).await.refuses(401, "invalid_credentials");
        assert_eq!(denied(app, "session.login-mfa").await, "passkey_challenge");
        let of_step_up = authenticator.get(&begin_step_up(app, &ada.access).await);
        finish_second(app, &token, &of_step_up).await.refuses(401, "invalid_credentials");
        let late = authenticator.get(&begin_second(app, &token).await);
        app.advance_seconds(5 * 60);
        finish_second(app, &token, &late).await.refuses(401, "token_expired");
        let begin = app.post("/api/v1/auth/mfa/passkey/begin", &json!({ "mfaToken": "nonsense" }));
        begin.refused(401, "unauthenticated").await;
    }

    async fn who_has_none_is_asked_for_none(app: &App) {
        let (ada, ..) = protected(app).await;
        let data = app.try_login(ADA, PASSWORD).await.is(200).data();
        assert_eq!(data["methods"], json!(["totp", "recovery_code"]));
        let begin = app.post("/api/v1/auth/mfa/passkey/begin", &json!({ "mfaToken": data["mfaToken"] }));
        begin.refused(404, "not_found").await;
        let begin = app.call(reqwest::Method::POST, "/api/v1/auth/reauthenticate/passkey/begin");
        begin.bearer(&ada.access).refused(404, "not_found").await;
    }

    async fn a_passkey_is_a_fresh_proof(app: &App) {
        let (ada, _, _, mut authenticator) = stale(app).await;
        let credential = authenticator.get(&begin_step_up(app, &ada.access).await);
        prove(app, &ada.access, &json!({ "credential": credential })).await.is(200);
        assert!(is_fresh(app, &ada.access).await);
        assert_eq!(methods(app, &ada.access).await, json!(["pwd", "hwk", "user", "mfa"]));
        app.advance_seconds(10 * 60);
        let ada = app.refreshed(&ada).await;
        let again = json!({ "credential": credential });
        prove(app, &ada.access, &again).await.refuses(401, "invalid_credentials");
        let of_login = json!({ "credential": authenticator.get(&begin_login(app).await) });
        prove(app, &ada.access, &of_login).await.refuses(401, "invalid_credentials");
        assert_eq!(denied(app, "session.reauthenticate").await, "passkey_challenge");
        assert!(!is_fresh(app, &ada.access).await);
    }

    /// What one session was asked, another person does not answer.
    async fn a_passkey_proves_only_its_owner(app: &App) {
        let (ada, _, _, mut authenticator) = stale(app).await;
        let (eve, mut of_eve, _) = owner(app, EVE).await;
        let options = begin_step_up(app, &ada.access).await;
        let of_others = json!({ "credential": of_eve.get(&options) });
        prove(app, &ada.access, &of_others).await.refuses(401, "invalid_credentials");
        let stolen = json!({ "credential": authenticator.get(&begin_step_up(app, &ada.access).await) });
        prove(app, &eve.access, &stolen).await.refuses(401, "invalid_credentials");
        assert!(!is_fresh(app, &ada.access).await);
        begin_registration(app, &eve.access).await;
    }

    async fn a_code_is_a_fresh_proof_once(app: &App) {
        let (ada, secret, codes, _) = stale(app).await;
        let now = json!({ "code": code(&secret, app.now()) });
        prove(app, &ada.access, &now).await.is(200);
        assert!(is_fresh(app, &ada.access).await);
        assert_eq!(methods(app, &ada.access).await, json!(["pwd", "otp", "mfa"]));
        prove(app, &ada.access, &now).await.refuses(401, "invalid_credentials");
        app.advance(Duration::from_secs(STEP));
        prove(app, &ada.access, &json!({ "code": code(&secret, app.now()) })).await.is(200);
        let recovery = json!({ "code": codes[0] });
        prove(app, &ada.access, &recovery).await.is(200);
        prove(app, &ada.access, &recovery).await.refuses(401, "invalid_credentials");
    }

    /// A stolen token gives no more guesses than a login: not one after the other, nor all at once.
    async fn guessed_codes_lock(app: &App) {
        let (ada, secret, ..) = stale(app).await;
        let right = json!({ "code": code(&secret, app.now()) });
        let wrong = json!({ "code": "000000" });
        let guesses = futures_util::future::join_all((0..20).map(|_| prove(app, &ada.access, &wrong))).await;
        let tried = guesses.iter().filter(|guess| guess.status == 401).count();
        assert!(tried <= 5, "{tried} guesses were tried");
        assert!(guesses.iter().all(|guess| matches!(guess.status, 401 | 423)));
        prove(app, &ada.access, &right).await.refuses(423, "account_locked");
        app.try_login(ADA, PASSWORD).await.refuses(423, "account_locked");
        app.advance_seconds(15 * 60);
        let ada = app.refreshed(&ada).await;
        prove(app, &ada.access, &json!({ "code": code(&secret, app.now()) })).await.is(200);
    }

    async fn one_proof_is_given_at_a_time(app: &App) {
        let ada = app.member(ADA).await;
        for proof in [json!({}), json!({ "password": PASSWORD, "code": "287082" }), json!({ "code": null })] {
            prove(app, &ada.access, &proof).await.refuses(422, "validation_failed").names("password", "required");
        }
        prove(app, &ada.access, &json!({ "code": "287082" })).await.refuses(401, "invalid_credentials");
        prove(app, &ada.access, &json!({ "credential": {} })).await.refuses(422, "validation_failed");
    }
}
