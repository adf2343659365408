//! The text of an API key: `msk_`, then 32 bytes of secret and 4 of a checksum in base64url (RFC 4648, section 5).
//!
//! Prefix and checksum (the first bytes of the SHA-256 of `msk_` and the secret) let scanners of source code and logs
//! recognise a key that has leaked, without asking anybody: `msk_[A-Za-z0-9_-]{48}`. What was cut off or typed wrong is
//! refused by them, too, without a query.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ports::Sealer;
use secrecy::SecretString;

/// What every key begins with.
const MARK: &str = "msk_";
const CHECKSUM: usize = 4;
/// So many characters are kept and shown, to recognise a key by.
const SHOWN: usize = MARK.len() + 8;

/// Whether a bearer's token is meant to be a key.
pub(crate) fn is_key(token: &str) -> bool {
    token.starts_with(MARK)
}

/// The text of a secret, and what of it is shown.
pub(super) fn written(sealer: &dyn Sealer, secret: [u8; 32]) -> (SecretString, String) {
    let bytes = [secret.as_slice(), &checksum(sealer, secret)].concat();
    let text = format!("{MARK}{}", URL_SAFE_NO_PAD.encode(bytes));
    let shown = text[..SHOWN].to_owned();
    (text.into(), shown)
}

/// The secret of a text. `None` for what was never one of ours.
pub(super) fn read(sealer: &dyn Sealer, text: &str) -> Option<[u8; 32]> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(MARK)?).ok()?;
    let (secret, sum) = bytes.split_first_chunk()?;
    (sum == checksum(sealer, *secret)).then_some(*secret)
}

fn checksum(sealer: &dyn Sealer, secret: [u8; 32]) -> [u8; CHECKSUM] {
    let [a, b, c, d, ..] = sealer.digest(&[MARK.as_bytes(), &secret].concat());
    [a, b, c, d]
}
