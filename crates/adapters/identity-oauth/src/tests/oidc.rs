//! The truth, and the ways in which providers tell it.

use std::collections::BTreeMap;
use std::time::Duration;

use ports::{ForeignIdentity, IdentityProvider, Kind};
use serde_json::json;

use super::{ISSUER, Key, NONCE, World, asked, change, identify, question};

fn ada() -> ForeignIdentity {
    ForeignIdentity {
        issuer: ISSUER.to_owned(),
        subject: "42".to_owned(),
        email: Some("ada@example.com".to_owned()),
        email_verified: true,
        name: Some("Ada".to_owned()),
    }
}

#[tokio::test]
async fn a_browser_is_sent_away_with_all_that_binds_the_reply() {
    let world = World::new();
    let (callback, verifier) = asked();
    let url = world.provider.authorization_url(&question(&callback, &verifier)).await.unwrap();
    assert!(url.as_str().starts_with(&format!("{ISSUER}/authorize?tenant=1&")), "{url}");
    let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", callback.as_str()),
        ("scope", "openid email profile"),
        ("state", "the state"),
        ("nonce", NONCE),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(query.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!url.as_str().contains("dBjftJeZ4CVP"), "the verifier stays here");
}

#[tokio::test]
async fn a_code_is_exchanged_for_who_it_is() {
    let world = World::new();
    assert_eq!(world.identify().await.unwrap(), ada());
    let heard = world.web.last(&format!("{ISSUER}/token"));
    // "app" and "s%26cret", because both are form-encoded first.
    assert_eq!(heard.header("authorization"), Some("Basic YXBwOnMlMjZjcmV0"));
    assert_eq!(heard.traceparent(), Some("00-a-b-01"));
    let form = heard.form();
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "the-code"),
        ("redirect_uri", "https://api.example.com/api/v1/auth/oauth/acme/callback"),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    ] {
        assert_eq!(form.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!form.contains_key("client_secret"));
}

#[tokio::test]
async fn clients_prove_who_they_are_as_the_provider_likes() {
    let post = json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] });
    for (url, metadata, in_body) in [
        ("oidc://app:hush@id.example.com/acme", post.clone(), true),
        ("oidc://app:hush@id.example.com/acme?auth=post", json!({}), true),
        ("oidc://app:hush@id.example.com/acme?auth=basic", post, false),
    ] {
        let world = World::with(url);
        world.says(&metadata);
        world.identify().await.unwrap();
        let heard = world.web.last(&format!("{ISSUER}/token"));
        assert_eq!(heard.form().contains_key("client_secret"), in_body, "{url}");
        assert_eq!(heard.header("authorization").is_none(), in_body, "{url}");
    }
    let public = World::with("oidc://app@id.example.com/acme");
    public.identify().await.unwrap();
    let heard = public.web.last(&format!("{ISSUER}/token"));
    assert_eq!(heard.form().get("client_id").map(String::as_str), Some("app"));
    assert!(heard.header("authorization").is_none() && !heard.form().contains_key("client_secret"));
}

#[tokio::test]
async fn an_address_that_is_not_in_the_token_is_asked_for() {
    let world = World::new();
    let mut claims = world.claims();
    change(&mut claims, &json!({ "email": null, "email_verified": null, "name": null }));
    world.gives(&world.key.sign(&world.key.header(), &claims));
    let info = json!({ "sub": "42", "email": "ada@example.com", "email_verified": "true", "name": "Ada" });
    world.web.on(&format!("{ISSUER}/me"), 200, &info);
    assert_eq!(world.identify().await.unwrap(), ada());
    assert_eq!(world.web.last(&format!("{ISSUER}/me")).header("authorization"), Some("Bearer at"));

    let mut other = info;
    other["sub"] = json!("43");
    world.web.on(&format!("{ISSUER}/me"), 200, &other);
    assert_eq!(world.identify().await.unwrap_err().kind(), Kind::Precondition);
}

#[tokio::test]
async fn an_address_is_proven_only_if_the_provider_says_so() {
    for (said, proven) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
        (json!(1), false),
        (json!(null), false),
    ] {
        let world = World::new();
        let mut claims = world.claims();
        change(&mut claims, &json!({ "email_verified": said }));
        world.gives(&world.key.sign(&world.key.header(), &claims));
        assert_eq!(world.identify().await.unwrap().email_verified, proven, "{said}");
    }
}

/// A new key is found, and an unknown one does not make us ask for keys all the time.
#[tokio::test]
async fn keys_are_kept_and_read_anew_for_an_unknown_one() {
    let world = World::new();
    let url = format!("{ISSUER}/keys");
    for _ in 0..3 {
        world.identify().await.unwrap();
    }
    assert_eq!(world.web.count(&url), 1);
    let new = Key::new("two");
    world.web.on(&url, 200, &json!({ "keys": [{ "kty": "new-kind" }, new.jwk()] }));
    world.gives(&new.sign(&new.header(), &world.claims()));
    assert_eq!(world.identify().await.unwrap_err().kind(), Kind::Precondition);
    assert_eq!(world.web.count(&url), 1, "they were read a moment ago");
    world.clock.advance(Duration::from_secs(10));
    world.gives(&new.sign(&new.header(), &world.claims()));
    assert_eq!(world.identify().await.unwrap(), ada());
    assert_eq!(world.web.count(&url), 2);
    // A key that was taken back is not good any more once they are read again.
    world.clock.advance(Duration::from_secs(60 * 60));
    world.web.on(&url, 200, &json!({ "keys": [] }));
    world.gives(&new.sign(&new.header(), &world.claims()));
    assert_eq!(world.identify().await.unwrap_err().kind(), Kind::Precondition);
}

#[tokio::test]
async fn what_a_provider_says_of_itself_is_kept_for_an_hour_and_longer_while_it_is_away() {
    let world = World::new();
    let url = format!("{ISSUER}/.well-known/openid-configuration");
    world.identify().await.unwrap();
    world.clock.advance(Duration::from_secs(60 * 60 - 1));
    world.gives(&world.key.sign(&world.key.header(), &world.claims()));
    world.identify().await.unwrap();
    assert_eq!(world.web.count(&url), 1);
    world.clock.advance(Duration::from_secs(1));
    world.web.is_away(&url);
    world.gives(&world.key.sign(&world.key.header(), &world.claims()));
    world.identify().await.unwrap();
    assert_eq!(world.web.count(&url), 2);
}

#[tokio::test]
async fn a_provider_that_says_who_it_is_has_to_say_so_each_time() {
    let world = World::new();
    identify(&world.provider, Some(ISSUER)).await.unwrap();
    let asked = world.web.count(&format!("{ISSUER}/token"));
    let wrong = identify(&world.provider, Some("https://evil.example.com")).await;
    assert_eq!(wrong.unwrap_err().kind(), Kind::Precondition);
    assert_eq!(world.web.count(&format!("{ISSUER}/token")), asked, "the code went nowhere");

    let strict = World::new();
    strict.says(&json!({ "authorization_response_iss_parameter_supported": true }));
    assert_eq!(strict.identify().await.unwrap_err().kind(), Kind::Precondition);
    assert_eq!(identify(&strict.provider, Some(ISSUER)).await.unwrap(), ada());
}
