//! The installed keys, read once.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use ports::{Error, Kind, Result, SigningKey};
use serde_json::{Value, json};

/// One key, in the forms that signing, verifying and publishing need.
pub(crate) struct Key {
    pub(crate) kid: String,
    pub(crate) private: EncodingKey,
    pub(crate) public: DecodingKey,
    /// `x` of its JWK.
    x: String,
    /// Seconds since 1970.
    active_from: i64,
}

impl Key {
    fn read(key: &SigningKey) -> Result<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(&key.pkcs8)
            .map_err(|error| Error::with(Kind::Internal, "read a signing key", error))?;
        let public = pair.public_key().as_ref();
        Ok(Self {
            kid: key.kid.clone(),
            private: EncodingKey::from_ed_der(&key.pkcs8),
            public: DecodingKey::from_ed_der(public),
            x: URL_SAFE_NO_PAD.encode(public),
            // `iat` has whole seconds; a key must be able to sign within the second in which it was made.
            active_from: key.active_from.timestamp(),
        })
    }
}

/// All keys, oldest first.
#[derive(Default)]
pub(crate) struct Keys(Vec<Key>);

impl Keys {
    pub(crate) fn read(keys: &[SigningKey]) -> Result<Self> {
        let mut keys = keys.iter().map(Key::read).collect::<Result<Vec<_>>>()?;
        keys.sort_by_key(|key| key.active_from);
        Ok(Self(keys))
    }

    /// The newest key that is active at a time in seconds since 1970.
    pub(crate) fn signing_at(&self, seconds: i64) -> Option<&Key> {
        self.0.iter().rev().find(|key| key.active_from <= seconds)
    }

    pub(crate) fn named(&self, kid: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.kid == kid)
    }

    /// A JWK set (RFC 7517, section 5) of Ed25519 keys (RFC 8037, section 2). Keys that will sign later are
    /// part of it, so that verifiers know them in time.
    pub(crate) fn jwks(&self) -> Value {
        let jwk = |key: &Key| json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": key.x });
        json!({ "keys": self.0.iter().map(jwk).collect::<Vec<_>>() })
    }
}
