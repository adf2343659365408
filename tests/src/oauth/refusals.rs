//! Ways back that lead nowhere. The application hears why; nobody is let in.

use reqwest::{Method, Url};
use serde_json::json;

use super::{PUBLIC, REDIRECT, agree, arrive, code_of, depart, error_of, login_as, parameter, sent_on};
use crate::harness::{Browser, PASSWORD, Place, profiles};

const ADA: &str = "ada@example.com";

/// An address with another value of a parameter, or without it.
fn with(url: &Url, name: &str, value: Option<&str>) -> Url {
    let mut changed = url.clone();
    let pairs: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(known, _)| known != name).collect();
    changed.query_pairs_mut().clear().extend_pairs(pairs);
    if let Some(value) = value {
        changed.query_pairs_mut().append_pair(name, value);
    }
    changed
}

fn error(code: &str) -> (String, String) {
    ("error".to_owned(), code.to_owned())
}

profiles! {
    [oauth()]

    async fn who_says_no_at_the_provider_is_not_let_in(app: &App) {
        let browser = Browser::new();
        let at = depart(app, &browser, "acme", "").await;
        let Place::Page(url, html) = browser.open(at, PUBLIC).await else { panic!("no login page") };
        assert!(html.contains("/abort"), "{html}");
        let abort = url.join(&format!("{}/abort", url.path())).unwrap();
        let Place::Stop(back) = browser.open(abort, PUBLIC).await else { panic!("not sent back") };
        assert_eq!(parameter(&back, "error").unwrap(), "access_denied");
        assert_eq!(sent_on(app, &browser, &back).await, error("access_denied"));
    }

    async fn a_way_back_is_taken_once(app: &App) {
        let browser = Browser::new();
        let at = depart(app, &browser, "acme", "").await;
        let back = agree(&browser, at, ADA).await;
        let calls = (0..4).map(|_| sent_on(app, &browser, &back));
        let outcomes = futures_util::future::join_all(calls).await;
        assert_eq!(outcomes.iter().filter(|(name, _)| name == "code").count(), 1, "{outcomes:?}");
        assert_eq!(sent_on(app, &browser, &back).await, error("state_invalid"));
    }

    /// Somebody who has another person's browser open the end of a login of theirs.
    async fn another_browser_is_not_let_in_and_does_no_harm(app: &App) {
        let browser = Browser::new();
        let at = depart(app, &browser, "acme", "").await;
        let back = agree(&browser, at, ADA).await;
        assert_eq!(sent_on(app, &Browser::new(), &back).await, error("state_invalid"));
        let other = Browser::new();
        depart(app, &other, "acme", "").await;
        assert_eq!(sent_on(app, &other, &back).await, error("state_invalid"));
        let trail = app.audit(&app.admin().await, "action=oauth.return").await;
        assert_eq!((&trail[0]["outcome"], &trail[0]["reason"]), (&json!("denied"), &json!("state_invalid")));
        assert_eq!(sent_on(app, &browser, &back).await.0, "code");
    }

    /// One provider's answer does not count as another's.
    async fn providers_are_not_mixed_up(app: &App) {
        let browser = Browser::new();
        let at = depart(app, &browser, "acme", "").await;
        let back = agree(&browser, at, ADA).await;
        let mixed = Url::parse(&back.as_str().replace("/acme/", "/post/")).unwrap();
        assert_eq!(sent_on(app, &browser, &mixed).await, error("state_invalid"));
        let wrong = with(&back, "iss", Some("https://evil.example.com"));
        assert_eq!(sent_on(app, &browser, &wrong).await, error("provider_failed"));
        let at = depart(app, &browser, "acme", "").await;
        let trail = app.audit(&app.admin().await, "action=oauth.return").await;
        assert_eq!((&trail[0]["outcome"], &trail[0]["reason"]), (&json!("denied"), &json!("provider_failed")));
        let silent = with(&agree(&browser, at, ADA).await, "iss", None);
        assert_eq!(sent_on(app, &browser, &silent).await, error("provider_failed"));
    }

    async fn a_code_that_the_provider_did_not_give_is_worth_nothing(app: &App) {
        let browser = Browser::new();
        for code in [Some("made-up"), Some(""), None] {
            let at = depart(app, &browser, "acme", "").await;
            let back = with(&agree(&browser, at, ADA).await, "code", code);
            assert_eq!(sent_on(app, &browser, &back).await, error("provider_failed"), "{code:?}");
        }
        // A good one of another login: it was announced with another verifier.
        let other = Browser::new();
        let at = depart(app, &other, "acme", "").await;
        let stolen = parameter(&agree(&other, at, ADA).await, "code").unwrap();
        let at = depart(app, &browser, "acme", "").await;
        let back = with(&agree(&browser, at, "eve@example.com").await, "code", Some(&stolen));
        assert_eq!(sent_on(app, &browser, &back).await, error("provider_failed"));
    }

    async fn ten_minutes_are_enough(app: &App) {
        let browser = Browser::new();
        let at = depart(app, &browser, "acme", "").await;
        let back = agree(&browser, at, ADA).await;
        app.advance_seconds(10 * 60);
        assert_eq!(sent_on(app, &browser, &back).await, error("login_expired"));
    }

    /// There is nowhere to send somebody whom nobody knows.
    async fn an_unknown_state_is_answered_here(app: &App) {
        for query in ["state=nonsense&code=x", "state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code=x"] {
            let back = Url::parse(&format!("{PUBLIC}/api/v1/auth/oauth/acme/callback?{query}")).unwrap();
            arrive(app, &Browser::new(), &back).await.refuses(422, "token_invalid");
        }
        let path = "/api/v1/auth/oauth/acme/callback?state=a&state=b";
        app.get(path).refused(400, "malformed_request").await;
    }

    async fn a_provider_that_is_away_is_told_to_the_application(app: &App) {
        let url = depart(app, &Browser::new(), "away", "").await;
        assert_eq!(url.as_str(), format!("{REDIRECT}?error=provider_unavailable"));
    }

    async fn only_configured_addresses_are_led_to(app: &App) {
        for uri in [
            "https://evil.example.com/",
            "https://app.example.com/signed-in/",
            "https://app.example.com/signed-in?x=1",
            "https://app.example.com",
            "HTTPS://app.example.com/signed-in",
            "javascript:alert(1)",
            "",
        ] {
            let mut url = Url::parse(&format!("{PUBLIC}/api/v1/auth/oauth/acme/authorize")).unwrap();
            url.query_pairs_mut().append_pair("redirectUri", uri);
            let path = url.as_str().strip_prefix(PUBLIC).unwrap();
            app.get(path).refused(422, "validation_failed").await.names("redirectUri", "redirect");
        }
        let app_link = "/api/v1/auth/oauth/acme/authorize?redirectUri=com.example.app:/signed-in";
        app.get(app_link).gives(302).await;
        let unknown = format!("/api/v1/auth/oauth/nobody/authorize?redirectUri={REDIRECT}");
        app.get(&unknown).refused(404, "not_found").await;
        let challenge = format!("/api/v1/auth/oauth/acme/authorize?redirectUri={REDIRECT}&codeChallenge=short");
        app.get(&challenge).refused(422, "validation_failed").await.names("codeChallenge", "challenge");
    }

    /// Whether an account has the address, the refusal does not tell.
    async fn an_address_that_the_provider_does_not_vouch_for_opens_nothing(app: &App) {
        app.newcomer(ADA).await;
        for account in ["unproven|ada@example.com", "unproven|nobody@example.com", "no-address"] {
            assert_eq!(error_of(app, &Browser::new(), account).await, "email_not_verified", "{account}");
        }
        let ada = app.login(ADA, PASSWORD).await;
        assert!(super::identities(app, &ada.access).await.is_empty());
    }

    async fn a_closed_account_stays_closed(app: &App) {
        let (ada, admin) = (login_as(app, ADA).await, app.admin().await);
        let browser = Browser::new();
        let code = code_of(app, &browser, ADA, "").await;
        let lock = format!("/api/v1/users/{}/lock", ada.user);
        app.call(Method::POST, &lock).bearer(&admin.access).gives(200).await;
        super::exchange(app, &json!({ "code": code }), &browser).await.refuses(422, "token_invalid");
        assert_eq!(error_of(app, &Browser::new(), ADA).await, "account_closed");
        // So does one that is found by its address.
        let bob = app.member("bob@example.com").await;
        let lock = format!("/api/v1/users/{}/lock", bob.user);
        app.call(Method::POST, &lock).bearer(&admin.access).gives(200).await;
        assert_eq!(error_of(app, &Browser::new(), "bob@example.com").await, "account_closed");
    }
}
