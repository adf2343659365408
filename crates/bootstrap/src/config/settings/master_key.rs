//! The keys that seal the key ring.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use secrecy::{ExposeSecret, SecretBox, zeroize::Zeroize};

use super::{Secrecy, Setting};

/// One key, or several while they are being rotated. Clones share the bytes, which are wiped at the end.
#[derive(Clone)]
pub struct MasterKeys(Arc<[SecretBox<[u8; 32]>]>);

impl MasterKeys {
    /// Newest first: the first one seals, all of them open. Never empty.
    pub fn iter(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.0.iter().map(ExposeSecret::expose_secret)
    }
}

impl Setting for MasterKeys {
    const SECRECY: Secrecy = Secrecy::Secret;

    fn parse(text: &str) -> Result<Self, String> {
        let keys: Option<Vec<_>> = text.split(',').map(|key| decode(key.trim())).collect();
        let advice = "expected 32 bytes in base64, or a list of such keys, newest first; `openssl rand -base64 32` makes one";
        keys.map(|keys| Self(keys.into())).ok_or_else(|| advice.to_owned())
    }
}

/// Standard or URL-safe alphabet (RFC 4648, sections 4 and 5), padded or not.
fn decode(text: &str) -> Option<SecretBox<[u8; 32]>> {
    let standard = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    let mut bytes = STANDARD_NO_PAD.decode(standard).ok()?;
    let key = <[u8; 32]>::try_from(bytes.as_slice()).ok();
    bytes.zeroize();
    key.map(|key| SecretBox::new(Box::new(key)))
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKeys({})", self.0.len())
    }
}
