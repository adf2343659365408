//! What makes an ID token acceptable (OpenID Connect Core, section 3.1.3.7; RFC 8725).

use domain::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use ports::Result;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::wire::unbelievable;

const OPERATION: &str = "check an ID token";
/// The only ones. None of them is symmetric: the client's secret signs nothing.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];
/// Clocks of providers and ours may differ by so many seconds.
const LEEWAY: i64 = 60;

/// What it says.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    #[serde(flatten)]
    pub(crate) profile: Profile,
}

/// What it may say about its person, and the userinfo endpoint, too (section 5.1).
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Profile {
    pub(crate) email: Option<String>,
    #[serde(default, deserialize_with = "truth")]
    pub(crate) email_verified: bool,
    pub(crate) name: Option<String>,
}

/// Whether it names this client, the library checks.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    Several(Vec<String>),
    One(IgnoredAny),
}

/// Some providers write it as a text. What is neither true nor "true" is not.
fn truth<'de, D: serde::Deserializer<'de>>(value: D) -> std::result::Result<bool, D::Error> {
    let value = serde_json::Value::deserialize(value)?;
    Ok(value == true || value == "true")
}

/// What a token is expected to be about.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) now: Timestamp,
}

/// The header, if it is one that may be looked at. Keys inside of it, or places of keys, are not.
pub(crate) fn header(token: &str) -> Result<Header> {
    let header = decode_header(token).map_err(|_| unbelievable(OPERATION, "it is none"))?;
    if header.crit.is_some() || !ALGORITHMS.contains(&header.alg) {
        return Err(unbelievable(OPERATION, "its algorithm, or an extension of it, is not accepted"));
    }
    Ok(header)
}

/// Checks all of it under the key that belongs to the header.
pub(crate) fn check(
    token: &str,
    header: &Header,
    key: &DecodingKey,
    expected: &Expected<'_>,
) -> Result<Claims> {
    let mut rules = Validation::new(header.alg);
    rules.set_issuer(&[expected.issuer]);
    rules.set_audience(&[expected.client_id]);
    rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // The library would ask the system's clock.
    rules.validate_exp = false;
    let claims = decode::<Claims>(token, key, &rules);
    let claims = claims.map_err(|error| unbelievable(OPERATION, error))?.claims;
    let several = matches!(&claims.aud, Audience::Several(all) if all.len() > 1);
    let now = expected.now.timestamp();
    let wrong = match &claims {
        Claims { azp: Some(azp), .. } if azp != expected.client_id => "it was given to another client",
        Claims { azp: None, .. } if several => "it does not say which client it was given to",
        Claims { nonce, .. } if nonce.as_deref() != Some(expected.nonce) => "it belongs to another login",
        Claims { exp, .. } if now >= exp.saturating_add(LEEWAY) => "it has expired",
        Claims { iat, .. } if *iat > now + LEEWAY => "it is from the future",
        Claims { sub, .. } if sub.is_empty() || sub.len() > 255 => "its subject is not one",
        _ => return Ok(claims),
    };
    Err(unbelievable(OPERATION, wrong))
}
