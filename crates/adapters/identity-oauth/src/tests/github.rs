//! GitHub by its published reference.

use std::sync::Arc;

use ports::{ForeignIdentity, IdentityProvider, Kind};
use serde_json::{Value, json};

use super::web::Web;
use super::{asked, identify, question};
use crate::GithubProvider;

const TOKEN: &str = "https://github.com/login/oauth/access_token";
const USER: &str = "https://api.github.com/user";
const EMAILS: &str = "https://api.github.com/user/emails";

fn github(web: &Arc<Web>) -> GithubProvider {
    GithubProvider::connect("github://hub:hush@github.com", web.clone()).unwrap()
}

fn web(emails: &Value) -> Arc<Web> {
    let web = Arc::new(Web::default());
    web.on(
        TOKEN,
        200,
        &json!({ "access_token": "gho_x", "scope": "read:user,user:email", "token_type": "bearer" }),
    );
    web.on(USER, 200, &json!({ "login": "octocat", "id": 583_231, "name": "The Octocat", "email": null }));
    web.on(EMAILS, 200, emails);
    web
}

fn address(email: &str, primary: bool, verified: bool) -> Value {
    json!({ "email": email, "primary": primary, "verified": verified, "visibility": null })
}

#[tokio::test]
async fn the_number_is_who_it_is_and_the_primary_address_theirs() {
    let web = web(&json!([address("old@example.com", false, true), address("cat@example.com", true, true)]));
    let octocat = ForeignIdentity {
        issuer: "https://github.com".to_owned(),
        subject: "583231".to_owned(),
        email: Some("cat@example.com".to_owned()),
        email_verified: true,
        name: Some("The Octocat".to_owned()),
    };
    assert_eq!(identify(&github(&web), None).await.unwrap(), octocat);
    let exchange = web.last(TOKEN);
    assert_eq!(exchange.header("accept"), Some("application/json"));
    let form = exchange.form();
    for (name, value) in [("client_id", "hub"), ("client_secret", "hush"), ("code", "the-code")] {
        assert_eq!(form.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(form.contains_key("code_verifier"));
    for url in [USER, EMAILS] {
        let heard = web.last(url);
        assert_eq!(heard.header("authorization"), Some("Bearer gho_x"));
        assert_eq!(heard.header("accept"), Some("application/vnd.github+json"));
        assert_eq!(heard.header("x-github-api-version"), Some("2022-11-28"));
    }
}

#[tokio::test]
async fn another_verified_address_does_not_prove_the_primary_one() {
    let unproven = json!([address("cat@example.com", true, false), address("old@example.com", false, true)]);
    let found = identify(&github(&web(&unproven)), None).await.unwrap();
    assert_eq!((found.email.as_deref(), found.email_verified), (Some("cat@example.com"), false));
    let found = identify(&github(&web(&json!([]))), None).await.unwrap();
    assert_eq!((found.email, found.email_verified), (None, false));
}

#[tokio::test]
async fn refusals_come_with_status_200() {
    let web = web(&json!([]));
    web.on(TOKEN, 200, &json!({ "error": "bad_verification_code", "error_description": "…" }));
    assert_eq!(identify(&github(&web), None).await.unwrap_err().kind(), Kind::Precondition);
    web.on(TOKEN, 200, &json!({ "error": "incorrect_client_credentials" }));
    assert_eq!(identify(&github(&web), None).await.unwrap_err().kind(), Kind::Internal);
    let mixed = identify(&github(&web), Some("https://id.example.com")).await;
    assert_eq!(mixed.unwrap_err().kind(), Kind::Precondition);
}

#[tokio::test]
async fn browsers_are_sent_to_the_server_that_is_configured() {
    let (callback, verifier) = asked();
    for (url, authorize, user) in [
        ("github://hub:hush@github.com", "https://github.com/login/oauth/authorize?", USER),
        ("github://hub:hush@ghe.example.com", "https://ghe.example.com/login/oauth/authorize?", ""),
    ] {
        let web = web(&json!([]));
        let provider = GithubProvider::connect(url, web.clone()).unwrap();
        let sent = provider.authorization_url(&question(&callback, &verifier)).await.unwrap();
        assert!(sent.as_str().starts_with(authorize), "{sent}");
        let query = sent.query().unwrap();
        assert!(
            query.contains("scope=read%3Auser+user%3Aemail") && query.contains("code_challenge_method=S256")
        );
        if user.is_empty() {
            let api = "https://ghe.example.com/api/v3";
            web.on("https://ghe.example.com/login/oauth/access_token", 200, &json!({ "access_token": "x" }));
            web.on(&format!("{api}/user"), 200, &json!({ "id": 7, "name": null }));
            web.on(&format!("{api}/user/emails"), 200, &json!([]));
            assert_eq!(identify(&provider, None).await.unwrap().subject, "7");
        }
    }
    assert!(
        GithubProvider::connect("github://hub:hush@github.com?api=http://api.github.com", web(&json!([])))
            .is_err()
    );
}
