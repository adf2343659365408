//! Time-based one-time passwords (RFC 6238): SHA-1, six digits, steps of thirty seconds, which every authenticator app
//! knows.

use std::fmt;

use secrecy::SecretString;
use thiserror::Error;
use totp_rs::{Builder, Secret, Totp};

use crate::{Email, Timestamp};

/// What an authenticator app and we have in common.
#[derive(Clone)]
pub struct TotpSecret(Secret);

/// Why bytes are no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have 20 bytes")]
pub struct TotpSecretError;

impl TotpSecret {
    /// 160 bits, as RFC 4226 (section 4, R6) recommends.
    pub const BYTES: usize = 20;

    /// A secret of random bytes.
    pub fn of(bytes: [u8; Self::BYTES]) -> Self {
        Self(Secret::new_stack(bytes))
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`TotpSecretError`] for another length.
    pub fn from_stored(bytes: &[u8]) -> Result<Self, TotpSecretError> {
        bytes.try_into().map(Self::of).map_err(|_| TotpSecretError)
    }

    /// The bytes, to be stored encrypted.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// To be typed into an app (RFC 4648, section 6).
    pub fn base32(&self) -> SecretString {
        self.0.to_base32().into()
    }

    /// To be scanned by an app, `otpauth://totp/…`. `None` when it can't be written so.
    pub fn uri(&self, issuer: &str, account: &Email) -> Option<SecretString> {
        let named = self.totp(issuer, account.as_str())?;
        named.to_url().ok().map(SecretString::from)
    }

    /// The step whose code this is, if that is now, the one before or the one after. Whoever asks has to refuse a step
    /// that was used (RFC 6238, section 5.2).
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let seconds = u64::try_from(now.timestamp()).ok()?;
        let step = self.totp("-", "-")?.check(code, seconds)?;
        i64::try_from(step).ok()
    }

    fn totp(&self, issuer: &str, account: &str) -> Option<Totp> {
        let builder = Builder::new().with_secret(self.0.clone()).with_skew(1);
        builder.with_account_name(account).with_issuer(Some(issuer)).build().ok()
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

impl PartialEq for TotpSecret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for TotpSecret {}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use secrecy::ExposeSecret;

    use super::*;

    fn secret() -> TotpSecret {
        TotpSecret::of(*b"12345678901234567890")
    }

    /// RFC 6238, appendix B, of whose eight digits apps show the last six.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let now = DateTime::from_timestamp(seconds, 0).unwrap();
            assert_eq!(secret().step_of(code, now), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_one_step_early_and_one_step_late() {
        let at = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap();
        let (step, begin) = (37_037_036, 37_037_036 * 30);
        for (offset, good) in [(-31, false), (-30, true), (0, true), (59, true), (60, false)] {
            assert_eq!(secret().step_of("081804", at(begin + offset)), good.then_some(step), "{offset}");
        }
        for nonsense in ["", "28708", "2870822", "abcdef", "٢٨٧٠٨٢"] {
            assert_eq!(secret().step_of(nonsense, at(59)), None, "{nonsense:?}");
        }
    }

    #[test]
    fn apps_are_told_whose_it_is() {
        let uri = secret().uri("id.example.com", &Email::parse("ada@example.com").unwrap()).unwrap();
        let uri = uri.expose_secret();
        assert!(
            uri.starts_with("otpauth://totp/id.example.com:ada%40example.com?secret=GEZDGNBVGY3TQOJQ"),
            "{uri}"
        );
        assert!(uri.contains("issuer=id.example.com"), "{uri}");
        assert_eq!(secret().base32().expose_secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}
