//! Which passwords are acceptable (NIST SP 800-63B-4, section 3.1.1.2).

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

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
        } else {
            Ok(Self(text.clone()))
        }
    }

    /// The secret itself, for the hasher.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }
}

/// True when what remains after taking a context word away is shorter than four characters, or when the
/// text repeats one character.
fn is_guessable(password: &str, email: &Email, name: Option<&str>) -> bool {
    let lower = password.to_lowercase();
    let mut characters = lower.chars();
    let first = characters.next();
    if characters.all(|c| Some(c) == first) {
        return true;
    }
    let context = [Some(email.as_str()), Some(email.local()), name, Some("mainstay"), Some("password")];
    context.into_iter().flatten().map(str::to_lowercase).any(|word| {
        word.chars().count() >= 4 && lower.contains(&word) && lower.replacen(&word, "", 1).chars().count() < 4
    })
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
        for text in ["lovelace1", "Lovelace12!", "augusta ada", "mainstay1", "aaaaaaaaaa", "Password123"] {
            assert_eq!(judge(text), Some(PasswordError::Guessable), "{text}");
        }
        assert_eq!(judge("lovelace rides a bicycle"), None);
        assert_eq!(judge("    spaces count    "), None);
    }
}
