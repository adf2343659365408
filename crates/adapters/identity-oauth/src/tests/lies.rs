//! Everything else.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ports::{IdentityProvider, Kind};
use serde_json::{Value, json};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{ISSUER, Key, World, asked, change, question};

async fn refused(world: &World, token: &str) -> Kind {
    world.gives(token);
    world.identify().await.unwrap_err().kind()
}

#[tokio::test]
async fn tokens_about_something_else_are_refused() {
    let world = World::new();
    let now = world.claims()["iat"].as_i64().unwrap();
    for changes in [
        json!({ "iss": "https://id.example.com" }),
        json!({ "iss": null }),
        json!({ "aud": "another" }),
        json!({ "aud": null }),
        json!({ "aud": [] }),
        json!({ "aud": ["app", "another"] }),
        json!({ "aud": ["app", "another"], "azp": "another" }),
        json!({ "azp": "another" }),
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "exp": now - 60 }),
        json!({ "exp": null }),
        json!({ "iat": now + 61 }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": "x".repeat(256) }),
    ] {
        let mut claims = world.claims();
        change(&mut claims, &changes);
        let token = world.key.sign(&world.key.header(), &claims);
        assert_eq!(refused(&world, &token).await, Kind::Precondition, "{changes}");
    }
    // The control: what differs in nothing that matters.
    for changes in [
        json!({ "aud": ["app"] }),
        json!({ "aud": ["app", "another"], "azp": "app" }),
        json!({ "exp": now - 59 }),
        json!({ "iat": now + 60 }),
    ] {
        let mut claims = world.claims();
        change(&mut claims, &changes);
        world.gives(&world.key.sign(&world.key.header(), &claims));
        world.identify().await.unwrap_or_else(|error| panic!("{changes}: {}", ports::Chain(&error)));
    }
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let world = World::new();
    let (claims, stranger) = (world.claims(), Key::new("one"));
    let symmetric = |secret: &[u8]| {
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    let own_key = Header {
        jwk: Some(serde_json::from_value(stranger.jwk()).unwrap()),
        jku: Some("https://evil.example.com/keys".to_owned()),
        ..stranger.header()
    };
    let unknown = Header { kid: Some("../../one".to_owned()), ..world.key.header() };
    let critical = Header { crit: Some(vec!["exp".to_owned()]), ..world.key.header() };
    let good = world.key.sign(&world.key.header(), &claims);
    let (head, signature) = good.rsplit_once('.').unwrap();
    for token in [
        stranger.sign(&stranger.header(), &claims),
        stranger.sign(&own_key, &claims),
        world.key.sign(&unknown, &claims),
        world.key.sign(&critical, &claims),
        symmetric(b"s&cret"),
        symmetric(&world.key.public()),
        unsigned(&json!({ "alg": "none" }), &claims),
        unsigned(&json!({ "alg": "EdDSA", "kid": "one" }), &claims),
        format!("{head}."),
        format!("{head}.{}", signature.chars().rev().collect::<String>()),
        "nonsense".to_owned(),
        String::new(),
    ] {
        assert_eq!(refused(&world, &token).await, Kind::Precondition, "{token}");
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap());
    format!("{}.{}.", part(header), part(claims))
}

/// A key that says it is for something else, or of another kind, checks nothing; nor does one of two that could be meant.
#[tokio::test]
async fn keys_are_used_for_what_they_are_for() {
    for (changes, accepted) in [
        (json!({ "use": "enc" }), false),
        (json!({ "alg": "RS256" }), false),
        (json!({ "alg": "EdDSA", "use": null }), true),
        (json!({ "crv": "X25519" }), false),
    ] {
        let world = World::new();
        let mut jwk = world.key.jwk();
        change(&mut jwk, &changes);
        world.web.on(&format!("{ISSUER}/keys"), 200, &json!({ "keys": [jwk] }));
        assert_eq!(world.identify().await.is_ok(), accepted, "{changes}");
    }
    let unnamed = |world: &World| {
        let header = Header { kid: None, ..world.key.header() };
        world.gives(&world.key.sign(&header, &world.claims()));
    };
    let alone = World::new();
    unnamed(&alone);
    alone.identify().await.unwrap();
    let among = World::new();
    unnamed(&among);
    let keys = json!({ "keys": [Key::new("two").jwk(), among.key.jwk()] });
    among.web.on(&format!("{ISSUER}/keys"), 200, &keys);
    assert_eq!(among.identify().await.unwrap_err().kind(), Kind::Precondition);
}

#[tokio::test]
async fn a_provider_that_is_not_itself_is_of_no_use() {
    for changes in [
        json!({ "issuer": "https://id.example.com" }),
        json!({ "issuer": format!("{ISSUER}/") }),
        json!({ "token_endpoint": "http://id.example.com/token" }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
        json!({ "jwks_uri": "http://id.example.com/keys" }),
        json!({ "jwks_uri": null }),
    ] {
        let world = World::new();
        world.says(&changes);
        let (callback, verifier) = asked();
        let sent = world.provider.authorization_url(&question(&callback, &verifier)).await;
        assert_eq!(sent.unwrap_err().kind(), Kind::Internal, "{changes}");
        assert_eq!(world.identify().await.unwrap_err().kind(), Kind::Internal, "{changes}");
    }
}

#[tokio::test]
async fn what_the_token_endpoint_refuses_is_told_apart() {
    for (status, body, kind) in [
        (400, json!({ "error": "invalid_grant" }), Kind::Precondition),
        (200, json!({ "error": "bad_verification_code" }), Kind::Precondition),
        (401, json!({ "error": "invalid_client" }), Kind::Internal),
        (400, json!({}), Kind::Internal),
        (200, json!({ "token_type": "Bearer" }), Kind::Internal),
        (200, json!({ "access_token": "at", "token_type": "Bearer" }), Kind::Precondition),
        (500, json!({ "error": "invalid_grant" }), Kind::Unavailable),
        (429, json!({}), Kind::Unavailable),
    ] {
        let world = World::new();
        world.web.on(&format!("{ISSUER}/token"), status, &body);
        assert_eq!(world.identify().await.unwrap_err().kind(), kind, "{status} {body}");
    }
    let world = World::new();
    world.web.is_away(&format!("{ISSUER}/token"));
    assert_eq!(world.identify().await.unwrap_err().kind(), Kind::Unavailable);
}
