//! A second factor, and the wait for it between a right password and a session.

use std::time::Duration;

use uuid::Uuid;

use crate::{AuthMethods, Timestamp, TotpSecret};

/// An authenticator app of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpEnrollment {
    /// Snowflake.
    pub id: i64,
    /// What the encrypted secret is bound to.
    pub uuid: Uuid,
    /// Whose; a user has one.
    pub user_id: i64,
    /// Encrypted wherever it is kept.
    pub secret: TotpSecret,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When a first code proved that the app has the secret; it is asked for from then on.
    pub confirmed_at: Option<Timestamp>,
    /// The last step whose code was used, 0 before the first; neither it nor an earlier one is good again.
    pub last_step: i64,
}

/// A first proof, such as a right password, that waits for a second factor.
#[derive(Clone, PartialEq, Eq)]
pub struct MfaChallenge {
    /// Snowflake.
    pub id: i64,
    /// Whose.
    pub user_id: i64,
    /// SHA-256 of the token that it goes on with.
    pub hash: Vec<u8>,
    /// What was proven.
    pub methods: AuthMethods,
    /// For which tenant.
    pub tenant: Option<Uuid>,
    /// Wrong codes so far.
    pub tries: i32,
    /// Good until then.
    pub expires_at: Timestamp,
}

impl MfaChallenge {
    /// How long it waits.
    pub const LIFETIME: Duration = Duration::from_secs(5 * 60);
    /// Wrong codes until it is worth nothing.
    pub const TRIES: i32 = 5;

    /// Whether a code may still be tried.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.tries < Self::TRIES && now < self.expires_at
    }
}

/// How many codes a user gets for the loss of the second factor.
pub const RECOVERY_CODES: usize = 10;

/// Letters and digits that nobody mixes up (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LETTERS: usize = 10;

/// A recovery code of ten random bytes: 50 bits, as `xxxxx-xxxxx`.
pub fn recovery_code(random: [u8; LETTERS]) -> String {
    let mut text: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    text.insert(LETTERS / 2, '-');
    text
}

/// What a typed code is compared by: case, dashes and blanks do not count, nor do letters that look like digits.
/// `None` for what is no recovery code.
pub fn read_recovery_code(typed: &str) -> Option<String> {
    let letters =
        typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        });
    let text: String = letters.take(LETTERS + 1).collect();
    let known = |c: char| u8::try_from(c).is_ok_and(|byte| ALPHABET.contains(&byte));
    (text.chars().count() == LETTERS && text.chars().all(known)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_codes_forgive_how_they_are_typed() {
        let code = recovery_code([0, 1, 10, 17, 31, 32, 33, 255, 18, 20]);
        assert_eq!(code, "01ahz-01zjm");
        for typed in ["01ahz-01zjm", "01AHZ01ZJM", " o1ahz - oizjm ", "Olahz-0lzjm"] {
            assert_eq!(read_recovery_code(typed).as_deref(), Some("01ahz01zjm"), "{typed}");
        }
        for typed in ["", "01ahz-01zj", "01ahz-01zjmm", "01ahz-01zju", "287082", "ä1ahz-01zjm"] {
            assert_eq!(read_recovery_code(typed), None, "{typed}");
        }
    }
}
