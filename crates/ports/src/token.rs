//! Access tokens.

use domain::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use crate::Result;

/// Claims of an access token (RFC 9068, section 2.2). Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Who made it.
    pub iss: String,
    /// For whom.
    pub aud: String,
    /// The user.
    pub sub: Uuid,
    /// Always our own client.
    pub client_id: String,
    /// The session.
    pub sid: Uuid,
    /// The tenant it speaks for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tid: Option<Uuid>,
    /// When the person proved who they are.
    pub auth_time: i64,
    /// How (RFC 8176).
    pub amr: Vec<String>,
    /// Made.
    pub iat: i64,
    /// Good until.
    pub exp: i64,
    /// Unique.
    pub jti: Uuid,
}

/// A key to sign and verify with.
#[derive(Clone)]
pub struct SigningKey {
    /// Key id, in the header of tokens and in the JWKS.
    pub kid: String,
    /// PKCS#8 (RFC 8410) of an Ed25519 key.
    pub pkcs8: Vec<u8>,
    /// Signs from then on; the newest active key signs.
    pub active_from: Timestamp,
}

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// It never was: malformed, foreign key, wrong algorithm, type, issuer or audience.
    #[error("the token is not valid")]
    Invalid,
}

/// Makes and checks access tokens: EdDSA only (RFC 8037), `typ: at+jwt` (RFC 9068, section 2.1).
pub trait TokenIssuer: Send + Sync {
    /// A new private key, as PKCS#8.
    ///
    /// # Errors
    /// `Unavailable` when there is no randomness.
    fn generate_key(&self) -> Result<Vec<u8>>;
    /// Replaces the keys. All of them verify; the newest active one signs.
    ///
    /// # Errors
    /// `Internal` when a key can't be read; the former keys stay.
    fn install(&self, keys: Vec<SigningKey>) -> Result<()>;
    /// Signs.
    ///
    /// # Errors
    /// `Internal` when no key is active at `claims.iat`.
    fn issue(&self, claims: &AccessClaims) -> Result<SecretString>;
    /// Checks signature, key id, algorithm, type, issuer, audience and times against the clock.
    /// Keys named inside a token (`jwk`, `jku`, `x5u`) are never used.
    ///
    /// # Errors
    /// [`TokenError`].
    fn verify(&self, token: &str) -> std::result::Result<AccessClaims, TokenError>;
    /// The public keys as a JWK set (RFC 7517, section 5).
    fn jwks(&self) -> Value;
}
