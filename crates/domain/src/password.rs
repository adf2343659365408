//! Which passwords are acceptable (NIST SP 800-63B-4, section 3.1.1.2).

use std::sync::LazyLock;

use fst::Set;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::Email;

/// A new password that satisfied the policy. Compared exactly as given: no trimming, no case folding.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

/// How long passwords must be. There are no composition rules: they make passwords worse.
#[derive(Debug, Clone, Copy)]
pub struct PasswordPolicy {
    /// Fewest code points; 8 by default, 15 where a password is the only factor.
    pub min_length: usize,
}

/// Why a password was refused. Never holds the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// Fewer code points than the policy asks for.
    #[error("is too short")]
    TooShort,
    /// More than [`Password::MAX`] code points.
    #[error("is too long")]
    TooLong,
    /// Built from the address, the name, the product or a single repeated character.
    #[error("is too easy to guess")]
    Guessable,
    /// One of those that are tried first, or one with a few characters behind it.
    #[error("is one of the most common passwords")]
    Common,
}

impl Password {
    /// Most code points: a bound on the work of hashing, far above any passphrase.
    pub const MAX: usize = 128;

    /// Checks a new password against the policy and the context it will be used in.
    ///
    /// # Errors
    /// The first rule of [`PasswordError`] that it breaks.
    pub fn parse(
        text: &SecretString,
        policy: PasswordPolicy,
        email: &Email,
        name: Option<&str>,
    ) -> Result<Self, PasswordError> {
        let exposed = text.expose_secret();
        let length = exposed.chars().count();
        if length < policy.min_length {
            return Err(PasswordError::TooShort);
        }
        if length > Self::MAX {
            return Err(PasswordError::TooLong);
        }
        if is_guessable(exposed, email, name) {
            Err(PasswordError::Guessable)
        } else if is_common(exposed) {
            Err(PasswordError::Common)
        } else {
            Ok(Self(text.clone()))
        }
    }

    /// The secret itself, for the hasher.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }
}

/// So many characters beside a word that everybody knows do not make a password of it.
const TOO_FEW: usize = 4;

/// True when what remains after taking a context word away is shorter than four characters, or when the
/// text repeats one character.
fn is_guessable(password: &str, email: &Email, name: Option<&str>) -> bool {
    let lower = password.to_lowercase();
    let mut characters = lower.chars();
    let first = characters.next();
    if characters.all(|c| Some(c) == first) {
        return true;
    }
    let whole = [email.as_str(), email.local(), name.unwrap_or_default(), "mainstay", "password"];
    let between = |c: char| !c.is_alphanumeric();
    let parts = email.as_str().split(between).chain(name.unwrap_or_default().split_whitespace());
    whole.into_iter().chain(parts).map(str::to_lowercase).any(|word| {
        word.chars().count() >= TOO_FEW
            && lower.contains(&word)
            && lower.replacen(&word, "", 1).chars().count() < TOO_FEW
    })
}

/// The 30,000 passwords that are used most, in lower case; `build.rs` makes the set, `data/` holds the list.
#[allow(clippy::expect_used, reason = "the set is made with the program, and a test looks into it")]
static COMMON: LazyLock<Set<&[u8]>> = LazyLock::new(|| {
    let set = Set::new(&include_bytes!(concat!(env!("OUT_DIR"), "/common-passwords.fst"))[..]);
    set.expect("build.rs makes a set")
});

/// True for a common password, in whichever case and width it is written, also with a few digits and signs behind it.
fn is_common(password: &str) -> bool {
    let normal: String = password.nfkc().flat_map(char::to_lowercase).collect();
    let normal = normal.trim();
    let core = normal.trim_end_matches(|c: char| !c.is_alphabetic());
    let behind = normal[core.len()..].chars().count();
    COMMON.contains(normal) || (behind < TOO_FEW && COMMON.contains(core))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(text: &str) -> Option<PasswordError> {
        let email = Email::parse("lovelace@example.com").unwrap();
        let policy = PasswordPolicy { min_length: 8 };
        Password::parse(&text.to_owned().into(), policy, &email, Some("Augusta Ada")).err()
    }

    #[test]
    fn length_counts_code_points() {
        assert_eq!(judge("sevench"), Some(PasswordError::TooShort));
        assert_eq!(judge("пароль12"), None);
        assert_eq!(judge(&"ab".repeat(64)), None);
        assert_eq!(judge(&"ab".repeat(65)), Some(PasswordError::TooLong));
    }

    #[test]
    fn context_words_and_repetition_are_refused() {
        for text in [
            "lovelace1",
            "Lovelace12!",
            "augusta ada",
            "Augusta1!",
            "example7",
            "mainstay1",
            "aaaaaaaaaa",
            "Password123",
        ] {
            assert_eq!(judge(text), Some(PasswordError::Guessable), "{text}");
        }
        assert_eq!(judge("lovelace rides a bicycle"), None);
        assert_eq!(judge("    spaces count    "), None);
    }

    #[test]
    fn common_passwords_are_refused_however_they_are_written() {
        for text in [
            "baseball",
            "BaseBall",
            "12345678",
            "qwertyuiop",
            "trustno1",
            "iloveyou!",
            "Dragon123",
            "sunshine1!",
            "ｂａｓｅｂａｌｌ",
            " football ",
        ] {
            assert_eq!(judge(text), Some(PasswordError::Common), "{text}");
        }
        for text in ["baseball bat and ball", "dragon12345x", "xkbd7 pillow", "correct horse"] {
            assert_eq!(judge(text), None, "{text}");
        }
    }

    /// The contract promises 10,000, and only those that are long enough count.
    #[test]
    fn more_than_ten_thousand_would_be_long_enough() {
        use fst::{IntoStreamer, Streamer};
        let mut words = COMMON.into_stream();
        let mut long = 0;
        while let Some(word) = words.next() {
            let word = std::str::from_utf8(word).unwrap();
            assert_eq!(word, word.to_lowercase(), "it could not be found");
            long += usize::from(word.chars().count() >= 8);
        }
        assert!(long > 10_000, "{long}");
    }
}
