//! Access tokens: what is accepted, and everything that must not be.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use crate::harness::{App, profiles};

const EMAIL: &str = "ada@example.com";

/// A token taken apart. Header and claims stay the text they were, so that a change is the only difference.
#[derive(Clone)]
struct Parts {
    header: String,
    claims: String,
    signature: String,
}

impl Parts {
    fn of(token: &str) -> Self {
        let parts: Vec<&str> = token.split('.').collect();
        let text = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        Self { header: text(parts[0]), claims: text(parts[1]), signature: parts[2].to_owned() }
    }

    fn signed_part(&self) -> String {
        format!("{}.{}", URL_SAFE_NO_PAD.encode(&self.header), URL_SAFE_NO_PAD.encode(&self.claims))
    }

    /// Put together again with the signature as it is.
    fn token(&self) -> String {
        format!("{}.{}", self.signed_part(), self.signature)
    }

    fn signed_by(&self, key: &Ed25519KeyPair) -> String {
        let signature = key.sign(self.signed_part().as_bytes());
        format!("{}.{}", self.signed_part(), URL_SAFE_NO_PAD.encode(signature))
    }

    fn hmac_by(&self, key: &[u8]) -> String {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), self.signed_part().as_bytes());
        format!("{}.{}", self.signed_part(), URL_SAFE_NO_PAD.encode(tag))
    }

    fn with_header(self, name: &str, value: &Value) -> Self {
        Self { header: changed(&self.header, name, value), ..self }
    }

    fn with_claim(self, name: &str, value: &Value) -> Self {
        Self { claims: changed(&self.claims, name, value), ..self }
    }
}

/// The object with one member replaced where it stands, or added in front.
fn changed(object: &str, name: &str, value: &Value) -> String {
    let parsed: Value = serde_json::from_str(object).unwrap();
    let changed = match parsed.get(name) {
        Some(old) => object.replacen(&format!("\"{name}\":{old}"), &format!("\"{name}\":{value}"), 1),
        None => object.replacen('{', &format!("{{\"{name}\":{value},"), 1),
    };
    assert_ne!(changed, object, "{name} was not changed");
    changed
}

/// A good token made into others that nobody has issued.
pub(crate) fn forgeries(token: &str) -> Vec<(&'static str, String)> {
    let real = Parts::of(token);
    let unsigned = Parts { signature: String::new(), ..real.clone().with_header("alg", &json!("none")) };
    vec![
        ("alg none", unsigned.token()),
        ("another audience", real.clone().with_claim("aud", &json!("elsewhere")).token()),
        ("another key", real.with_header("kid", &json!("0198c5c0-7b6e-7000-8000-000000000000")).token()),
    ]
}

/// Good tokens in everything but what they say: signed with the application's own key, for somebody else or by somebody
/// else. The first one says what the real one says, and is the control.
pub(crate) async fn well_signed(app: &App, token: &str) -> (String, Vec<(&'static str, String)>) {
    let key = Ed25519KeyPair::from_pkcs8(&app.signing_key().await).unwrap();
    let real = Parts::of(token);
    let but = |claim: &str, value: &str| real.clone().with_claim(claim, &json!(value)).signed_by(&key);
    let others = vec![
        ("another audience, well signed", but("aud", "elsewhere")),
        ("another issuer, well signed", but("iss", "https://elsewhere.example")),
    ];
    (real.signed_by(&key), others)
}

async fn is_refused(app: &App, what: &str, token: &str) {
    let answer = app.me(token).await;
    assert_eq!(answer.status, 401, "{what} was accepted");
    let refusal = answer.refuses(401, "unauthenticated");
    assert!(refusal.header("www-authenticate").starts_with("Bearer"), "{what}");
}

async fn public_keys(app: &App) -> Value {
    let answer = app.get("/.well-known/jwks.json").gives(200).await;
    assert_eq!(answer.header("content-type"), "application/jwk-set+json");
    answer.json()
}

profiles! {
    /// By RFC 9068, verifiable by anybody with the published key.
    async fn tokens_are_verifiable_by_the_published_keys(app: &App) {
        let tokens = app.member(EMAIL).await;
        let keys: JwkSet = serde_json::from_value(public_keys(app).await).unwrap();
        let header = jsonwebtoken::decode_header(&tokens.access).unwrap();
        assert_eq!(header.alg, Algorithm::EdDSA);
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
        let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_audience(&["mainstay"]);
        rules.set_issuer(&[app.base()]);
        rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        let claims = jsonwebtoken::decode::<Value>(&tokens.access, &key, &rules).unwrap().claims;
        assert_eq!(claims["sub"], tokens.user.as_str());
        assert_eq!(claims["sid"], tokens.session.as_str());
        assert_eq!(claims["amr"], json!(["pwd"]));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
        for claim in ["client_id", "auth_time", "jti"] {
            assert!(!claims[claim].is_null(), "{claim} in {claims}");
        }
        assert!(claims.get("tid").is_none(), "without a membership there is no tenant");
        for key in public_keys(app).await["keys"].as_array().unwrap() {
            assert!(key.get("d").is_none(), "a private key is published");
        }
    }

    async fn forged_tokens_are_refused(app: &App) {
        let real = Parts::of(&app.member(EMAIL).await.access);
        app.me(&real.token()).await.is(200);
        let public = public_keys(app).await["keys"][0].clone();
        let x = public["x"].as_str().unwrap();
        let foreign = Ed25519KeyPair::generate().unwrap();
        let foreign_x = URL_SAFE_NO_PAD.encode(foreign.public_key());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": foreign_x, "kid": public["kid"] });

        for alg in ["none", "None", "NONE", ""] {
            let unsigned = Parts { signature: String::new(), ..real.clone().with_header("alg", &json!(alg)) };
            is_refused(app, &format!("alg {alg:?}"), &unsigned.token()).await;
        }
        let confused = real.clone().with_header("alg", &json!("HS256"));
        let raw = URL_SAFE_NO_PAD.decode(x).unwrap();
        for key in [raw.as_slice(), x.as_bytes(), public.to_string().as_bytes()] {
            is_refused(app, "HS256 with the public key", &confused.hmac_by(key)).await;
        }
        is_refused(app, "a foreign key under our id", &real.signed_by(&foreign)).await;
        is_refused(app, "a key in the header", &real.clone().with_header("jwk", &jwk).signed_by(&foreign)).await;
        let remote = real.clone().with_header("jku", &json!("https://evil.example.com/jwks.json"));
        is_refused(app, "a key somewhere else", &remote.signed_by(&foreign)).await;
        for kid in [json!("unknown"), json!("../../dev/null"), json!("' OR '1'='1"), Value::Null] {
            is_refused(app, "another key id", &real.clone().with_header("kid", &kid).signed_by(&foreign)).await;
        }
        let (control, elsewhere) = well_signed(app, &real.token()).await;
        app.me(&control).await.is(200);
        for (what, token) in elsewhere {
            is_refused(app, what, &token).await;
        }
        let retyped = real.clone().with_header("typ", &json!("JWT"));
        is_refused(app, "a changed header", &retyped.token()).await;
    }

    async fn changed_tokens_are_refused(app: &App) {
        let tokens = app.member(EMAIL).await;
        let real = Parts::of(&tokens.access);
        let admin = app.admin().await;
        for (claim, value) in [
            ("sub", json!(admin.user)),
            ("sid", json!(admin.session)),
            ("exp", json!(4_000_000_000_i64)),
            ("aud", json!("somebody else")),
        ] {
            is_refused(app, claim, &real.clone().with_claim(claim, &value).token()).await;
        }
        let (head, signature) = tokens.access.rsplit_once('.').unwrap();
        let spliced = format!("{head}.{}", admin.access.rsplit_once('.').unwrap().1);
        is_refused(app, "another token's signature", &spliced).await;
        is_refused(app, "no signature", &format!("{head}.")).await;
        is_refused(app, "half a signature", &format!("{head}.{}", &signature[..40])).await;
        for garbage in ["x", "a.b.c", "..", "ey.ey.ey", &"a".repeat(4000), &format!("{}.", tokens.access)] {
            is_refused(app, garbage, garbage).await;
        }
        is_refused(app, "a refresh token", &tokens.refresh).await;
    }

    async fn the_header_is_read_strictly(app: &App) {
        let token = app.member(EMAIL).await.access;
        let me = "/api/v1/users/me";
        app.get(me).header("authorization", &format!("bearer {token}")).gives(200).await;
        app.get(me).bearer(&token).bearer(&token).refused(401, "unauthenticated").await;
        for value in [token.clone(), format!("Basic {token}"), format!("Bearer{token}"), "Bearer".to_owned(), "Bearer ".to_owned()] {
            app.get(me).header("authorization", &value).refused(401, "unauthenticated").await;
        }
        app.get(&format!("{me}?access_token={token}")).refused(401, "unauthenticated").await;
        let anonymous = app.get(me).refused(401, "unauthenticated").await;
        assert_eq!(anonymous.header("www-authenticate"), "Bearer", "who showed nothing is told no error");
    }
}

profiles! {
    [owned_clock()]

    async fn tokens_expire_to_the_second(app: &App) {
        let tokens = app.member(EMAIL).await;
        app.advance_seconds(899);
        app.me(&tokens.access).await.is(200);
        app.advance_seconds(1);
        // Once seen and once new, because what was seen is remembered.
        let refusal = app.me(&tokens.access).await.refuses(401, "token_expired");
        assert_eq!(refusal.header("www-authenticate"), "Bearer error=\"invalid_token\"");
        let unseen = app.login(EMAIL, crate::harness::PASSWORD).await;
        app.advance_seconds(901);
        app.me(&unseen.access).await.refuses(401, "token_expired");
        app.refresh(&tokens.refresh).await.is(200);
    }
}
