//! Second factors: an authenticator app, recovery codes, and logins that ask for one.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::harness::{Answer, App, Client, PASSWORD, Tokens, profiles};

const ADA: &str = "ada@example.com";
pub(crate) const STEP: u64 = 30;

/// What an authenticator app shows.
pub(crate) fn code(secret: &str, seconds: i64) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let app = Builder::new().with_secret(secret).with_account_name("ada").build().unwrap();
    app.generate(seconds.try_into().unwrap()).to_string()
}

async fn post(app: &Client, path: &str, access: &str, body: &Value) -> Answer {
    app.post(&format!("/api/v1/auth/mfa/totp/{path}"), body).bearer(access).send().await
}

async fn enroll(app: &Client, access: &str) -> String {
    let call = app.call(Method::POST, "/api/v1/auth/mfa/totp/enroll");
    let answer = call.bearer(access).gives(200).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let data = answer.data();
    assert!(data["otpauthUri"].as_str().unwrap().starts_with("otpauth://totp/"), "{data}");
    assert!(data["qrSvg"].as_str().unwrap().contains("<svg"), "{data}");
    data["secret"].as_str().unwrap().to_owned()
}

async fn verify(app: &Client, token: &str, code: &str) -> Answer {
    app.post("/api/v1/auth/mfa/verify", &json!({ "mfaToken": token, "code": code })).send().await
}

/// The password is right; a second factor is asked for.
async fn challenge(app: &Client) -> String {
    let answer = app.try_login(ADA, PASSWORD).await.is(200);
    let data = answer.data();
    assert_eq!(data["mfaRequired"], true, "{data}");
    assert_eq!(data["methods"], json!(["totp", "recovery_code"]));
    assert!(data.get("accessToken").is_none(), "{data}");
    data["mfaToken"].as_str().unwrap().to_owned()
}

/// Somebody whose logins ask for a second factor: the session, the secret, the recovery codes.
pub(crate) async fn protected(app: &App) -> (Tokens, String, Vec<String>) {
    let ada = app.member(ADA).await;
    let secret = enroll(app, &ada.access).await;
    let confirmed = post(app, "confirm", &ada.access, &json!({ "code": code(&secret, app.now()) })).await;
    let codes = confirmed.is(200).data()["recoveryCodes"].as_array().unwrap().clone();
    let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    app.advance(Duration::from_secs(STEP));
    (ada, secret, codes)
}

/// Sets an authenticator app up for somebody, and logs them in with a recovery code as second factor.
pub(crate) async fn with_second_factor(app: &App, email: &str, tokens: &Tokens) -> Tokens {
    let secret = enroll(app, &tokens.access).await;
    let confirmed = post(app, "confirm", &tokens.access, &json!({ "code": code(&secret, app.now()) })).await;
    let recovery = confirmed.is(200).data()["recoveryCodes"][0].as_str().unwrap().to_owned();
    let challenge = app.try_login(email, PASSWORD).await.is(200).data();
    let token = challenge["mfaToken"].as_str().unwrap();
    Tokens::of(&verify(app, token, &recovery).await.is(200))
}

profiles! {
    [owned_clock()]

    async fn a_login_asks_for_a_code_once_the_app_is_confirmed(app: &App) {
        let ada = app.member(ADA).await;
        let secret = enroll(app, &ada.access).await;
        // Begun is not confirmed.
        app.login(ADA, PASSWORD).await;
        let wrong = post(app, "confirm", &ada.access, &json!({ "code": "000000" })).await;
        wrong.refuses(422, "validation_failed").names("code", "code");
        let now = code(&secret, app.now());
        let confirmed = post(app, "confirm", &ada.access, &json!({ "code": now })).await.is(200);
        assert_eq!(confirmed.header("cache-control"), "no-store");
        assert_eq!(confirmed.data()["recoveryCodes"].as_array().unwrap().len(), 10);
        post(app, "confirm", &ada.access, &json!({ "code": now })).await.refuses(409, "conflict");
        app.mail(ADA, "Your account asks for a second factor now").await;
        app.me(&ada.access).await.is(200);

        let token = challenge(app).await;
        // The code that confirmed is used up.
        verify(app, &token, &now).await.refuses(401, "invalid_credentials");
        app.advance(Duration::from_secs(STEP));
        let inside = Tokens::of(&verify(app, &token, &code(&secret, app.now())).await.is(200));
        let sessions = app.get("/api/v1/auth/sessions").bearer(&inside.access).gives(200).await.data();
        assert_eq!(sessions[0]["methods"], json!(["pwd", "otp", "mfa"]));
        verify(app, &token, &code(&secret, app.now())).await.refuses(401, "unauthenticated");
        app.try_login(ADA, "a wrong password").await.refuses(401, "invalid_credentials");
    }

    /// RFC 6238, section 5.2: no code twice, though it would still be good.
    async fn a_code_works_once(app: &App) {
        let (_, secret, _) = protected(app).await;
        let now = code(&secret, app.now());
        verify(app, &challenge(app).await, &now).await.is(200);
        let again = challenge(app).await;
        verify(app, &again, &now).await.refuses(401, "invalid_credentials");
        app.advance(Duration::from_secs(STEP));
        verify(app, &again, &code(&secret, app.now())).await.is(200);
    }

    async fn of_many_with_one_code_one_gets_in(app: &App) {
        let (_, secret, _) = protected(app).await;
        let now = code(&secret, app.now());
        let tokens = [challenge(app).await, challenge(app).await, challenge(app).await, challenge(app).await];
        let calls = tokens.iter().map(|token| verify(app, token, &now));
        let answers = futures_util::future::join_all(calls).await;
        let admitted = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(admitted, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    }

    async fn a_recovery_code_stands_in_once(app: &App) {
        let (_, _, codes) = protected(app).await;
        let typed = codes[3].to_uppercase().replace('-', " ");
        let inside = Tokens::of(&verify(app, &challenge(app).await, &typed).await.is(200));
        let sessions = app.get("/api/v1/auth/sessions").bearer(&inside.access).gives(200).await.data();
        assert_eq!(sessions[0]["methods"], json!(["pwd", "rec", "mfa"]));
        let token = challenge(app).await;
        verify(app, &token, &codes[3]).await.refuses(401, "invalid_credentials");
        verify(app, &token, &codes[4]).await.is(200);
    }

    /// Guessing ends: the challenge after five wrong codes, and with it the account for this network.
    async fn five_wrong_codes_are_enough(app: &App) {
        let (_, secret, _) = protected(app).await;
        let token = challenge(app).await;
        for _ in 0..5 {
            verify(app, &token, "000000").await.refuses(401, "invalid_credentials");
        }
        verify(app, &token, &code(&secret, app.now())).await.refuses(423, "account_locked");
        app.try_login(ADA, PASSWORD).await.refuses(423, "account_locked");
        app.advance_seconds(15 * 60);
        verify(app, &challenge(app).await, &code(&secret, app.now())).await.is(200);
    }

    async fn a_password_waits_for_five_minutes(app: &App) {
        let (_, secret, _) = protected(app).await;
        let token = challenge(app).await;
        app.advance_seconds(5 * 60);
        verify(app, &token, &code(&secret, app.now())).await.refuses(401, "token_expired");
        verify(app, "nonsense", &code(&secret, app.now())).await.refuses(401, "unauthenticated");
    }

    async fn it_is_taken_away_with_the_password(app: &App) {
        let (ada, _, codes) = protected(app).await;
        let wrong = json!({ "password": "a wrong password" });
        post(app, "disable", &ada.access, &wrong).await.refuses(401, "invalid_credentials");
        let token = challenge(app).await;
        post(app, "disable", &ada.access, &json!({ "password": PASSWORD })).await.is(204);
        post(app, "disable", &ada.access, &json!({ "password": PASSWORD })).await.refuses(404, "not_found");
        verify(app, &token, &codes[0]).await.refuses(401, "invalid_credentials");
        app.login(ADA, PASSWORD).await;
        app.mail(ADA, "Your account asks for no second factor any more").await;
    }

    /// Who has only a stolen access token can't put an app of their own in the way of the owner.
    async fn enrolling_asks_for_a_fresh_proof(app: &App) {
        let ada = app.member(ADA).await;
        app.advance_seconds(10 * 60);
        let call = app.call(Method::POST, "/api/v1/auth/mfa/totp/enroll").bearer(&ada.access);
        call.send().await.refuses(401, "reauthentication_required");
    }

    /// A forgotten password does not open the second door.
    async fn a_reset_password_leaves_it_on(app: &App) {
        protected(app).await;
        app.post("/api/v1/auth/forgot-password", &json!({ "email": ADA })).gives(202).await;
        let mail = app.mail(ADA, "Choose a new password").await;
        let (_, token) = mail["text"].as_str().unwrap().split_once("?token=").unwrap();
        let token = token.split_whitespace().next().unwrap();
        let body = json!({ "token": token, "password": PASSWORD });
        app.post("/api/v1/auth/reset-password", &body).gives(200).await;
        challenge(app).await;
    }
}
