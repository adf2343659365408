//! Access tokens as JWT (RFC 7519) with the profile of RFC 9068, signed with Ed25519 (RFC 8037).
//!
//! **Invariant:** the algorithm and the keys come from here, never from the token: a header can only name one
//! of the installed keys by its `kid`. It does not know where keys are kept nor when they rotate.

mod keys;
#[cfg(test)]
mod tests;
mod verify;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use jsonwebtoken::{Algorithm, Header, encode};
use ports::{AccessClaims, Clock, Error, Kind, Result, SigningKey, TokenError, TokenIssuer};
use secrecy::SecretString;
use serde_json::Value;

use crate::keys::Keys;
use crate::verify::Rules;

/// What tokens say about their origin, and how exact clocks are.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `iss`, compared exactly.
    pub issuer: String,
    /// `aud`, compared exactly.
    pub audience: String,
    /// How far the clocks of replicas may differ: a token is good for that much longer. At most five seconds,
    /// more is cut.
    pub leeway: Duration,
}

/// Signs and verifies access tokens.
pub struct JwtIssuer {
    rules: Rules,
    clock: Arc<dyn Clock>,
    /// Replaced as a whole, so that a reader holds the lock only to take a reference.
    keys: RwLock<Arc<Keys>>,
}

impl JwtIssuer {
    /// An issuer without keys: it can do nothing until [`TokenIssuer::install`] has been called.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        Self { rules: Rules::new(settings), clock, keys: RwLock::default() }
    }

    fn keys(&self) -> Arc<Keys> {
        // Nothing panics while the lock is held, so a poisoned one is as good as any other.
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl TokenIssuer for JwtIssuer {
    fn generate_key(&self) -> Result<Vec<u8>> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|error| Error::with(Kind::Unavailable, "generate a signing key", error))?;
        Ok(document.as_ref().to_vec())
    }

    fn install(&self, keys: Vec<SigningKey>) -> Result<()> {
        let keys = Arc::new(Keys::read(&keys)?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    fn issue(&self, claims: &AccessClaims) -> Result<SecretString> {
        let keys = self.keys();
        let key = keys.signing_at(claims.iat).ok_or_else(|| {
            Error::with(Kind::Internal, "sign an access token", "no signing key is active at that time")
        })?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(key.kid.clone());
        encode(&header, claims, &key.private)
            .map(SecretString::from)
            .map_err(|error| Error::with(Kind::Internal, "sign an access token", error))
    }

    fn verify(&self, token: &str) -> std::result::Result<AccessClaims, TokenError> {
        self.rules.check(token, &self.keys(), self.clock.now())
    }

    fn jwks(&self) -> Value {
        self.keys().jwks()
    }
}
