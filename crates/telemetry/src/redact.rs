//! What never reaches a log line or an exported span, recognised by the name of
//! a field or by the look of a value. It is the last line of defence: secrets
//! belong into types that do not print in the first place.

use std::borrow::Cow;

/// What stands in place of a secret.
pub(crate) const MASK: &str = "***";

/// In lower case, without separators, as [`is_secret_name`] compares.
const SECRET_NAMES: [&str; 7] =
    ["password", "secret", "token", "authorization", "cookie", "apikey", "masterkey"];

/// Whether a field of this name holds a secret: `refreshToken`, `api_key` and
/// `Set-Cookie` do. Runs for every field of every event, so it does not allocate.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.as_bytes();
    (0..name.len()).any(|start| SECRET_NAMES.iter().any(|word| starts_with_word(&name[start..], word)))
}

fn starts_with_word(name: &[u8], word: &str) -> bool {
    let mut letters = name.iter().filter(|byte| !matches!(byte, b'_' | b'-'));
    word.bytes().all(|expected| letters.next().is_some_and(|byte| byte.to_ascii_lowercase() == expected))
}

/// The text with every JWT (`eyJ….….…`) and API key (`msk_…`) masked.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut rest = text;
    while let Some((start, length)) = next_secret(rest) {
        masked.push_str(&rest[..start]);
        masked.push_str(MASK);
        rest = &rest[start + length..];
    }
    if masked.is_empty() {
        return Cow::Borrowed(text);
    }
    masked.push_str(rest);
    Cow::Owned(masked)
}

/// Start and length of the first thing that looks like a secret.
fn next_secret(text: &str) -> Option<(usize, usize)> {
    let key = find(text, "msk_", |candidate| {
        let length = run(candidate, is_base64url);
        (length > "msk_".len()).then_some(length)
    });
    let jwt = find(text, "eyJ", |candidate| {
        let length = run(candidate, |byte| is_base64url(byte) || byte == b'.');
        let dots = candidate[..length].bytes().filter(|byte| *byte == b'.').count();
        (dots >= 2).then_some(length)
    });
    key.into_iter().chain(jwt).min()
}

/// The first place after `prefix` where `length_of` recognises a secret.
fn find(text: &str, prefix: &str, length_of: impl Fn(&str) -> Option<usize>) -> Option<(usize, usize)> {
    text.match_indices(prefix).find_map(|(start, _)| Some((start, length_of(&text[start..])?)))
}

fn run(text: &str, accepts: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| accepts(*byte)).count()
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}
