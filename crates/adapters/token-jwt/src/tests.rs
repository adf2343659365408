//! What is accepted, and above all what is not.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use ports::{AccessClaims, Clock, Kind, SigningKey, TokenError, TokenIssuer};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use testkit::fakes::FixedClock;
use uuid::Uuid;

use crate::{JwtIssuer, Settings};

struct World {
    clock: Arc<FixedClock>,
    issuer: JwtIssuer,
    /// The installed key.
    key: SigningKey,
}

/// An issuer with one key, `k1`, that has been active for an hour.
fn world() -> World {
    let clock = Arc::new(FixedClock::default());
    let settings = Settings {
        issuer: "https://id.example.com".to_owned(),
        audience: "https://api.example.com".to_owned(),
        leeway: Duration::from_secs(2),
    };
    let issuer = JwtIssuer::new(settings, clock.clone());
    let key = key(&issuer, "k1", &*clock, -3600);
    issuer.install(vec![key.clone()]).unwrap();
    World { clock, issuer, key }
}

fn key(issuer: &JwtIssuer, kid: &str, clock: &dyn Clock, active_in_seconds: i64) -> SigningKey {
    let active_from = DateTime::from_timestamp(clock.now().timestamp() + active_in_seconds, 0).unwrap();
    SigningKey { kid: kid.to_owned(), pkcs8: issuer.generate_key().unwrap(), active_from }
}

impl World {
    fn claims(&self) -> AccessClaims {
        let now = self.clock.now().timestamp();
        AccessClaims {
            iss: "https://id.example.com".to_owned(),
            aud: "https://api.example.com".to_owned(),
            sub: Uuid::from_u128(1),
            client_id: "mainstay".to_owned(),
            sid: Uuid::from_u128(2),
            tid: None,
            auth_time: now,
            amr: vec!["pwd".to_owned()],
            iat: now,
            exp: now + 900,
            jti: Uuid::from_u128(3),
        }
    }

    fn issued(&self) -> String {
        self.issuer.issue(&self.claims()).unwrap().expose_secret().to_owned()
    }

    fn verdict(&self, token: &str) -> Result<(), TokenError> {
        self.issuer.verify(token).map(|_| ())
    }

    /// A token signed with the installed key under any header.
    fn with_header(&self, header: &Value) -> String {
        signed(header, &json!(self.claims()), &self.key.pkcs8)
    }

    /// A token signed with the installed key with claims changed.
    fn with_claims(&self, changes: &Value) -> String {
        let mut claims = json!(self.claims());
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        signed(&header(), &claims, &self.key.pkcs8)
    }
}

fn header() -> Value {
    json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "k1" })
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

fn signed(header: &Value, claims: &Value, pkcs8: &[u8]) -> String {
    let message = unsigned(header, claims);
    let signature = Ed25519KeyPair::from_pkcs8(pkcs8).unwrap().sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

fn part(token: &str, index: usize) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn an_issued_token_comes_back_as_its_claims() {
    let world = world();
    let claims = AccessClaims { tid: Some(Uuid::from_u128(9)), ..world.claims() };
    let token = world.issuer.issue(&claims).unwrap();
    assert_eq!(world.issuer.verify(token.expose_secret()), Ok(claims));
}

#[test]
fn an_issued_token_has_the_header_of_rfc_9068() {
    let world = world();
    assert_eq!(part(&world.issued(), 0), header());
}

#[test]
fn the_type_may_have_its_long_form_and_any_case() {
    let world = world();
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        let mut header = header();
        header["typ"] = json!(typ);
        assert_eq!(world.verdict(&world.with_header(&header)), Ok(()), "{typ}");
    }
}

#[test]
fn headers_outside_the_profile_are_invalid() {
    let world = world();
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", json!("id+jwt")),
        ("typ", Value::Null),
        ("alg", json!("RS256")),
        ("alg", json!("ES256")),
        ("alg", json!("none")),
        ("alg", json!("eddsa")),
        ("kid", json!("k2")),
        ("kid", json!("../../../../dev/null")),
        ("kid", json!("k1' OR '1'='1")),
        ("kid", json!("")),
        ("kid", Value::Null),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
    ] {
        let mut header = header();
        header[name] = value;
        assert_eq!(world.verdict(&world.with_header(&header)), Err(TokenError::Invalid), "{header}");
    }
}

#[test]
fn an_unsigned_token_is_invalid() {
    let world = world();
    let header = json!({ "alg": "none", "typ": "at+jwt", "kid": "k1" });
    let message = unsigned(&header, &json!(world.claims()));
    for token in [format!("{message}."), message] {
        assert_eq!(world.verdict(&token), Err(TokenError::Invalid));
    }
}

#[test]
fn the_public_key_is_no_hmac_secret() {
    let world = world();
    let x = world.issuer.jwks()["keys"][0]["x"].as_str().unwrap().to_owned();
    let header = json!({ "alg": "HS256", "typ": "at+jwt", "kid": "k1" });
    let message = unsigned(&header, &json!(world.claims()));
    for secret in [URL_SAFE_NO_PAD.decode(&x).unwrap(), x.into_bytes()] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()));
        assert_eq!(world.verdict(&token), Err(TokenError::Invalid));
    }
}

#[test]
fn keys_named_inside_a_token_are_never_used() {
    let world = world();
    let foreign = key(&world.issuer, "k1", &*world.clock, -1);
    let other = self::world();
    other.issuer.install(vec![foreign.clone()]).unwrap();
    let jwk = other.issuer.jwks()["keys"][0].clone();
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://evil.example.com/jwks.json")),
        ("x5u", json!("https://evil.example.com/cert.pem")),
    ] {
        let mut header = header();
        header[name] = value;
        let token = signed(&header, &json!(world.claims()), &foreign.pkcs8);
        assert_eq!(world.verdict(&token), Err(TokenError::Invalid), "{name}");
    }
}

#[test]
fn claims_of_others_are_invalid() {
    let world = world();
    for changes in [
        json!({ "iss": "https://id.example.com/" }),
        json!({ "iss": null }),
        json!({ "aud": "https://other.example.com" }),
        json!({ "aud": ["https://api.example.com"] }),
        json!({ "aud": null }),
        json!({ "sub": "somebody" }),
        json!({ "exp": null }),
        json!({ "exp": "tomorrow" }),
        json!({ "iat": world.claims().iat + 61 }),
    ] {
        assert_eq!(world.verdict(&world.with_claims(&changes)), Err(TokenError::Invalid), "{changes}");
    }
}

#[test]
fn a_clock_that_is_a_little_ahead_is_no_offence() {
    let world = world();
    assert_eq!(world.verdict(&world.with_claims(&json!({ "iat": world.claims().iat + 60 }))), Ok(()));
}

#[test]
fn a_changed_token_is_invalid() {
    let world = world();
    let token = world.issued();
    let parts: Vec<&str> = token.split('.').collect();
    let mut claims = part(&token, 1);
    claims["sub"] = json!(Uuid::from_u128(666));
    let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
    for changed in [
        format!("{}.{payload}.{}", parts[0], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], parts[2].to_lowercase()),
        format!("{token}."),
        format!("{token}="),
        format!("{}.{}", parts[0], parts[1]),
        format!(" {token}"),
        "..".to_owned(),
        String::new(),
    ] {
        assert_eq!(world.verdict(&changed), Err(TokenError::Invalid), "{changed}");
    }
}

#[test]
fn a_token_expires_by_the_given_clock_after_the_leeway() {
    let world = world();
    let token = world.issued();
    world.clock.advance(Duration::from_secs(901));
    assert_eq!(world.verdict(&token), Ok(()));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.verdict(&token), Err(TokenError::Expired));
}

#[test]
fn an_expired_token_with_a_wrong_signature_is_invalid() {
    let world = world();
    let foreign = world.issuer.generate_key().unwrap();
    let token = signed(&header(), &json!(world.claims()), &foreign);
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(world.verdict(&token), Err(TokenError::Invalid));
}

#[test]
fn after_a_rotation_the_old_key_verifies_and_the_new_one_signs() {
    let world = world();
    let old_token = world.issued();
    let new = key(&world.issuer, "k2", &*world.clock, 0);
    world.issuer.install(vec![new.clone(), world.key.clone()]).unwrap();
    let new_token = world.issued();
    assert_eq!(part(&new_token, 0)["kid"], "k2");
    assert_eq!((world.verdict(&old_token), world.verdict(&new_token)), (Ok(()), Ok(())));

    world.issuer.install(vec![new]).unwrap();
    assert_eq!(world.verdict(&old_token), Err(TokenError::Invalid));
}

#[test]
fn a_key_is_published_before_it_signs() {
    let world = world();
    let next = key(&world.issuer, "k2", &*world.clock, 600);
    world.issuer.install(vec![world.key.clone(), next]).unwrap();
    assert_eq!(part(&world.issued(), 0)["kid"], "k1");
    assert_eq!(world.issuer.jwks()["keys"].as_array().unwrap().len(), 2);
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(part(&world.issued(), 0)["kid"], "k2");
}

#[test]
fn without_an_active_key_nothing_is_signed() {
    let world = world();
    let claims = AccessClaims { iat: world.claims().iat - 7200, ..world.claims() };
    assert_eq!(world.issuer.issue(&claims).unwrap_err().kind(), Kind::Internal);
}

#[test]
fn an_unreadable_key_leaves_the_former_ones() {
    let world = world();
    let broken = SigningKey { pkcs8: vec![1, 2, 3], ..world.key.clone() };
    assert_eq!(world.issuer.install(vec![broken]).unwrap_err().kind(), Kind::Internal);
    assert_eq!(world.verdict(&world.issued()), Ok(()));
}

/// The key pair of RFC 8037, appendix A, as PKCS#8 and as JWK.
#[test]
fn the_jwk_of_rfc_8037_comes_out() {
    let world = world();
    let d = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let prefix =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let key = SigningKey { pkcs8: [&prefix[..], &d].concat(), ..world.key.clone() };
    world.issuer.install(vec![key]).unwrap();
    let expected = json!({
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "k1",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    assert_eq!(world.issuer.jwks(), json!({ "keys": [expected] }));
    assert_eq!(world.verdict(&world.issued()), Ok(()));
}
