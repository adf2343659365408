//! Logging in.

use serde_json::json;
use totp_rs::{Builder, Secret};

use super::{VERIFIER, challenge, code_of, depart, exchange, identities, login_as, parameter};
use crate::harness::{Browser, PASSWORD, Tokens, profiles};

const ADA: &str = "ada@example.com";

profiles! {
    [oauth()]

    async fn a_newcomer_gets_an_account_without_a_password(app: &App) {
        let ada = login_as(app, ADA).await;
        let me = app.me(&ada.access).await.is(200).data();
        assert_eq!((&me["email"], &me["displayName"]), (&json!(ADA), &json!("Ada of Acme")), "{me}");
        assert_eq!(me["emailVerified"], true, "{me}");
        let sessions = app.get("/api/v1/auth/sessions").bearer(&ada.access).gives(200).await.data();
        assert_eq!(sessions[0]["methods"], json!(["fed"]));
        let identities = identities(app, &ada.access).await;
        assert_eq!((&identities[0]["provider"], &identities[0]["email"]), (&json!("acme"), &json!(ADA)));
        app.try_login(ADA, PASSWORD).await.refuses(401, "invalid_credentials");
        // Reading mail to the address is a way to get one.
        app.post("/api/v1/auth/forgot-password", &json!({ "email": ADA })).gives(202).await;
        let mail = app.mail(ADA, "Choose a new password").await;
        let (_, token) = mail["text"].as_str().unwrap().split_once("?token=").unwrap();
        let body = json!({ "token": token.split_whitespace().next().unwrap(), "password": PASSWORD });
        app.post("/api/v1/auth/reset-password", &body).gives(200).await;
        assert_eq!(app.login(ADA, PASSWORD).await.user, ada.user);
    }

    async fn whoever_comes_back_is_the_same(app: &App) {
        let first = login_as(app, ADA).await;
        let admin = app.admin().await;
        for _ in 0..2 {
            assert_eq!(login_as(app, ADA).await.user, first.user);
        }
        assert_eq!(identities(app, &first.access).await.len(), 1);
        let trail = app.audit(&admin, "action=session.login-oauth").await;
        assert_eq!(trail.len(), 3);
        assert_ne!(login_as(app, "bob@example.com").await.user, first.user);
    }

    /// Two tabs of somebody who was never here, at the same time.
    async fn of_two_first_logins_both_get_in(app: &App) {
        let (one, other) = tokio::join!(login_as(app, ADA), login_as(app, ADA));
        assert_eq!(one.user, other.user);
        assert_eq!(identities(app, &one.access).await.len(), 1);
    }

    /// All kinds of clients that a provider knows.
    async fn clients_prove_themselves_as_registered(app: &App) {
        for provider in ["post", "public"] {
            let browser = Browser::new();
            let at = depart(app, &browser, provider, "").await;
            let (name, code) = super::sent_on(app, &browser, &super::agree(&browser, at, ADA).await).await;
            assert_eq!(name, "code", "{code}");
        }
    }

    async fn a_code_is_good_once_and_for_a_minute(app: &App) {
        let browser = Browser::new();
        let body = json!({ "code": code_of(app, &browser, ADA, "").await });
        let calls = (0..4).map(|_| exchange(app, &body, &browser));
        let answers = futures_util::future::join_all(calls).await;
        let admitted = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(admitted, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
        exchange(app, &body, &browser).await.refuses(422, "token_invalid");

        let body = json!({ "code": code_of(app, &browser, ADA, "").await });
        app.advance_seconds(60);
        exchange(app, &body, &browser).await.refuses(422, "token_invalid");
        exchange(app, &json!({ "code": "nonsense" }), &browser).await.refuses(422, "token_invalid");
    }

    /// Whoever has somebody open an address with a code of their own would have them work in a foreign account.
    async fn a_code_is_good_for_who_began(app: &App) {
        let browser = Browser::new();
        let body = json!({ "code": code_of(app, &browser, ADA, "").await });
        exchange(app, &body, &Browser::new()).await.refuses(422, "token_invalid");
        let other = Browser::new();
        depart(app, &other, "acme", "").await;
        exchange(app, &body, &other).await.refuses(422, "token_invalid");
        let answer = exchange(app, &body, &browser).await.is(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        browser.keep(answer.header("set-cookie"));
        assert!(!browser.cookies_for("/api").contains("mainstay_oauth"));
    }

    /// For applications whose exchange carries no cookie.
    async fn an_announced_verifier_stands_for_the_cookie(app: &App) {
        let browser = Browser::new();
        let query = format!("&codeChallenge={}", challenge());
        let code = code_of(app, &browser, ADA, &query).await;
        exchange(app, &json!({ "code": code }), &browser).await.refuses(422, "token_invalid");
        let wrong = json!({ "code": code, "codeVerifier": "another" });
        exchange(app, &wrong, &browser).await.refuses(422, "token_invalid");
        let right = json!({ "code": code, "codeVerifier": VERIFIER });
        exchange(app, &right, &Browser::new()).await.is(200);
    }

    async fn a_second_factor_is_asked_for(app: &App) {
        let ada = login_as(app, ADA).await;
        let enroll = app.call(reqwest::Method::POST, "/api/v1/auth/mfa/totp/enroll").bearer(&ada.access);
        let secret = enroll.gives(200).await.data()["secret"].as_str().unwrap().to_owned();
        let code = |seconds: i64| {
            let secret = Secret::try_from_base32(&secret).unwrap();
            let app = Builder::new().with_secret(secret).with_account_name("ada").build().unwrap();
            app.generate(seconds.try_into().unwrap()).to_string()
        };
        let confirm = app.post("/api/v1/auth/mfa/totp/confirm", &json!({ "code": code(app.now()) }));
        confirm.bearer(&ada.access).gives(200).await;
        app.advance_seconds(30);

        let browser = Browser::new();
        let body = json!({ "code": code_of(app, &browser, ADA, "").await });
        let data = exchange(app, &body, &browser).await.is(200).data();
        assert_eq!((&data["mfaRequired"], data.get("accessToken")), (&json!(true), None), "{data}");
        exchange(app, &body, &browser).await.refuses(422, "token_invalid");
        let body = json!({ "mfaToken": data["mfaToken"], "code": code(app.now()) });
        let inside = Tokens::of(&app.post("/api/v1/auth/mfa/verify", &body).gives(200).await);
        let sessions = app.get("/api/v1/auth/sessions").bearer(&inside.access).gives(200).await.data();
        assert_eq!(sessions[0]["methods"], json!(["fed", "otp", "mfa"]));
    }

    /// As at a login with a password.
    async fn a_tenant_has_to_be_ones_own(app: &App) {
        let browser = Browser::new();
        let query = "&tenantId=01a1fc2b-e248-76d5-ad9a-a8e9e35bb6d9";
        let body = json!({ "code": code_of(app, &browser, ADA, query).await });
        exchange(app, &body, &browser).await.refuses(401, "invalid_credentials");
    }

    /// What the browser is asked to carry about.
    async fn the_cookie_is_short_lived_and_kept_from_scripts(app: &App) {
        let path = format!("/api/v1/auth/oauth/acme/authorize?redirectUri={}", super::REDIRECT);
        let answer = app.get(&path).gives(302).await;
        let cookie = answer.header("set-cookie").to_owned();
        let (value, attributes) = cookie.split_once("; ").unwrap();
        assert_eq!(attributes, "HttpOnly; SameSite=Lax; Path=/; Max-Age=660");
        assert_eq!(value.strip_prefix("mainstay_oauth=").unwrap().len(), 43);
        let url: reqwest::Url = answer.header("location").parse().unwrap();
        assert_eq!(parameter(&url, "redirect_uri").unwrap(), format!("{}/api/v1/auth/oauth/acme/callback", super::PUBLIC));
        assert_eq!(parameter(&url, "code_challenge_method").unwrap(), "S256");
        let again = app.get(&path).gives(302).await;
        let other: reqwest::Url = again.header("location").parse().unwrap();
        for name in ["state", "nonce", "code_challenge"] {
            assert_eq!(parameter(&url, name).unwrap().len(), 43, "{name}");
            assert_ne!(parameter(&url, name), parameter(&other, name), "{name}");
        }
        assert_ne!(again.header("set-cookie"), cookie);
    }
}
