//! One EdDSA access token of the API's shape, and its check.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::Result};
use serde::{Deserialize, Serialize};

const ISSUER: &str = "http://127.0.0.1";
const AUDIENCE: &str = "mainstay";
const LIFETIME_SECONDS: u64 = 24 * 60 * 60;

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    client_id: String,
    sid: String,
    auth_time: u64,
    amr: Vec<String>,
    iat: u64,
    exp: u64,
    jti: String,
}

pub struct Verifier {
    key: DecodingKey,
    validation: Validation,
}

impl Verifier {
    /// Of a new key, with a token signed by it.
    pub fn with_a_token() -> anyhow::Result<(Self, String)> {
        let pair = Ed25519KeyPair::generate().context("no Ed25519 key")?;
        let pkcs8 = pair.to_pkcs8v1().context("no PKCS#8 form of the key")?;
        let header = Header { typ: Some("at+jwt".to_owned()), ..Header::new(Algorithm::EdDSA) };
        let token = jsonwebtoken::encode(&header, &claims()?, &EncodingKey::from_ed_der(pkcs8.as_ref()))?;

        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        let key = DecodingKey::from_ed_der(pair.public_key().as_ref());
        Ok((Self { key, validation }, token))
    }

    pub fn check(&self, token: &str) -> Result<()> {
        jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation).map(|_| ())
    }
}

fn claims() -> anyhow::Result<Claims> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: "01890a5d-ac96-774b-bcce-b302099a8057".to_owned(),
        client_id: "mainstay".to_owned(),
        sid: "01890a5d-ac96-774b-bcce-b302099a8058".to_owned(),
        auth_time: now,
        amr: vec!["pwd".to_owned()],
        iat: now,
        exp: now + LIFETIME_SECONDS,
        jti: "01890a5d-ac96-774b-bcce-b302099a8059".to_owned(),
    })
}
