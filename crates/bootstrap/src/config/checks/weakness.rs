//! Why a secret is not one: too short, too regular, or straight from a manual.

use std::collections::BTreeSet;

/// Parts of secrets that are meant to be replaced.
const PLACEHOLDERS: [&str; 14] = [
    "changeme",
    "change-me",
    "change_me",
    "change me",
    "secret",
    "password",
    "passw0rd",
    "example",
    "placeholder",
    "replace",
    "letmein",
    "qwerty",
    "mainstay",
    "123456",
];

/// Passwords that are placeholders as a whole; as parts they would be chance.
const DEFAULT_PASSWORDS: [&str; 8] =
    ["admin", "guest", "pass", "postgres", "root", "test", "default", "toor"];

pub(super) fn is_placeholder(secret: &str) -> bool {
    let secret = secret.to_lowercase();
    PLACEHOLDERS.iter().any(|word| secret.contains(word)) || DEFAULT_PASSWORDS.contains(&secret.as_str())
}

/// Of a secret that people type or paste; `least` in characters.
pub(super) fn of_secret(secret: &str, least: usize) -> Option<&'static str> {
    if secret.chars().count() < least {
        return Some("too short");
    }
    if is_placeholder(secret) {
        return Some("a placeholder");
    }
    is_regular(secret.as_bytes(), 5).then_some("too regular")
}

/// Of 32 bytes that should be random: fewer than 16 different ones do not happen by chance.
pub(super) fn of_key(key: &[u8]) -> Option<&'static str> {
    if std::str::from_utf8(key).is_ok_and(is_placeholder) {
        return Some("a placeholder");
    }
    is_regular(key, 16).then_some("not random")
}

/// Few different bytes, or each one a constant step from the one before (`0123…`).
fn is_regular(bytes: &[u8], least_different: usize) -> bool {
    let different: BTreeSet<_> = bytes.iter().collect();
    let steps: BTreeSet<_> = bytes.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    different.len() < least_different || steps.len() < 2
}
