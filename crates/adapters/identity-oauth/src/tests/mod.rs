//! Providers that say what a test has them say, the truth and everything else. Real ones are spoken to end to end
//! (`tests/src/oauth`).

mod github;
mod lies;
mod oidc;
mod web;

use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ports::{Clock, ForeignIdentity, IdentityProvider, ProviderReply, Question, Result};
use secrecy::SecretString;
use serde_json::{Value, json};
use testkit::fakes::FixedClock;
use url::Url;

use crate::OidcProvider;
use web::Web;

const ISSUER: &str = "https://id.example.com/acme";
const NONCE: &str = "the-nonce";

/// A key of the provider, made anew.
struct Key {
    kid: &'static str,
    pkcs8: Vec<u8>,
}

impl Key {
    fn new(kid: &'static str) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
        Self { kid, pkcs8: document.as_ref().to_vec() }
    }

    fn public(&self) -> Vec<u8> {
        Ed25519KeyPair::from_pkcs8(&self.pkcs8).unwrap().public_key().as_ref().to_vec()
    }

    fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.public());
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.kid, "x": x })
    }

    fn header(&self) -> Header {
        Header { kid: Some(self.kid.to_owned()), ..Header::new(Algorithm::EdDSA) }
    }

    fn sign(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &EncodingKey::from_ed_der(&self.pkcs8)).unwrap()
    }
}

/// An OpenID provider, this installation as its client, and the time.
struct World {
    web: Arc<Web>,
    clock: Arc<FixedClock>,
    key: Key,
    provider: OidcProvider,
}

impl World {
    fn new() -> Self {
        Self::with("oidc://app:s%26cret@id.example.com/acme")
    }

    fn with(url: &str) -> Self {
        let (web, clock) = (Arc::new(Web::default()), Arc::new(FixedClock::default()));
        let provider = OidcProvider::connect(url, web.clone(), clock.clone()).unwrap();
        let world = Self { web, clock, key: Key::new("one"), provider };
        world.says(&json!({}));
        world.web.on(&format!("{ISSUER}/keys"), 200, &json!({ "keys": [world.key.jwk()] }));
        world.gives(&world.key.sign(&world.key.header(), &world.claims()));
        world
    }

    /// Its metadata, with these changes.
    fn says(&self, changes: &Value) {
        let mut metadata = json!({
            "issuer": ISSUER,
            "authorization_endpoint": format!("{ISSUER}/authorize?tenant=1"),
            "token_endpoint": format!("{ISSUER}/token"),
            "userinfo_endpoint": format!("{ISSUER}/me"),
            "jwks_uri": format!("{ISSUER}/keys"),
        });
        change(&mut metadata, changes);
        self.web.on(&format!("{ISSUER}/.well-known/openid-configuration"), 200, &metadata);
    }

    /// The ID token that a code is exchanged for.
    fn gives(&self, id_token: &str) {
        let tokens = json!({ "access_token": "at", "token_type": "Bearer", "id_token": id_token });
        self.web.on(&format!("{ISSUER}/token"), 200, &tokens);
    }

    /// Claims that are acceptable.
    fn claims(&self) -> Value {
        let now = self.clock.now().timestamp();
        json!({
            "iss": ISSUER, "aud": "app", "sub": "42", "nonce": NONCE, "iat": now, "exp": now + 300,
            "email": "ada@example.com", "email_verified": true, "name": "Ada",
        })
    }

    async fn identify(&self) -> Result<ForeignIdentity> {
        identify(&self.provider, None).await
    }
}

/// Puts members in; null takes one away.
fn change(object: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(name);
        } else {
            object[name] = value.clone();
        }
    }
}

async fn identify(provider: &dyn IdentityProvider, issuer: Option<&str>) -> Result<ForeignIdentity> {
    let (callback, verifier) = asked();
    let question = question(&callback, &verifier);
    provider.identify(&question, &ProviderReply { code: &"the-code".into(), issuer }).await
}

/// The verifier is that of RFC 7636, appendix B.
fn asked() -> (Url, SecretString) {
    let callback = "https://api.example.com/api/v1/auth/oauth/acme/callback".parse().unwrap();
    (callback, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into())
}

fn question<'a>(callback: &'a Url, verifier: &'a SecretString) -> Question<'a> {
    Question { callback, state: "the state", nonce: NONCE, verifier, traceparent: Some("00-a-b-01") }
}
