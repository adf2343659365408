//! What makes a token acceptable (RFC 9068, section 4; RFC 8725).

use std::time::Duration;

use domain::Timestamp;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use ports::{AccessClaims, TokenError};

use crate::Settings;
use crate::keys::Keys;

const LONGEST_LEEWAY: Duration = Duration::from_secs(5);
/// An `iat` further ahead than any sane clock difference is a forged or broken one.
const FUTURE_SECONDS: i64 = 60;

/// The fixed part of every check.
pub(crate) struct Rules {
    validation: Validation,
    leeway_seconds: i64,
}

impl Rules {
    pub(crate) fn new(settings: Settings) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[settings.issuer]);
        validation.set_audience(&[settings.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The library would ask the system's clock; times are checked below against the port.
        validation.validate_exp = false;
        let leeway = settings.leeway.min(LONGEST_LEEWAY).as_secs();
        Self { validation, leeway_seconds: i64::try_from(leeway).unwrap_or(0) }
    }

    /// Times come last: a token counts as expired only if everything else about it is right.
    pub(crate) fn check(&self, token: &str, keys: &Keys, now: Timestamp) -> Result<AccessClaims, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Invalid)?;
        let key = acceptable(&header).and_then(|kid| keys.named(kid)).ok_or(TokenError::Invalid)?;
        let claims = decode::<AccessClaims>(token, &key.public, &self.validation)
            .map_err(|_| TokenError::Invalid)?
            .claims;
        let now = now.timestamp();
        if claims.iat > now + FUTURE_SECONDS {
            return Err(TokenError::Invalid);
        }
        if now >= claims.exp.saturating_add(self.leeway_seconds) {
            Err(TokenError::Expired)
        } else {
            Ok(claims)
        }
    }
}

/// The key id of a header that this profile allows. An extension that must be understood (RFC 7515, section
/// 4.1.11) is not: we know none. Keys or places of keys inside the header are not looked at.
fn acceptable(header: &Header) -> Option<&str> {
    let is_access_token = header.typ.as_deref().is_some_and(|typ| {
        typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
    });
    let is_plain = header.alg == Algorithm::EdDSA && header.crit.is_none();
    header.kid.as_deref().filter(|_| is_access_token && is_plain)
}
