//! Opaque tokens: 256 bits as base64url without padding (RFC 4648, section 5). Only hashes are stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use crate::{Core, Result};

/// 32 bytes that whoever holds them can spend.
pub(crate) struct Secret([u8; 32]);

impl Secret {
    /// A new random one.
    pub(crate) fn random(core: &Core) -> Result<Self> {
        let mut bytes = [0; 32];
        core.random.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// One that can be derived again.
    pub(crate) fn derived(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads what a caller presents. `None` for anything that was never ours.
    pub(crate) fn parse(text: &SecretString) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.expose_secret()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The form that travels.
    pub(crate) fn text(&self) -> SecretString {
        URL_SAFE_NO_PAD.encode(self.0).into()
    }

    /// The form that is stored.
    pub(crate) fn hash(&self, core: &Core) -> Vec<u8> {
        core.sealer.digest(&self.0).to_vec()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The text that goes into a mail's link, and the hash that is stored.
pub(crate) fn mail_token_text(core: &Core, bytes: [u8; 32]) -> (String, Vec<u8>) {
    let secret = Secret::derived(bytes);
    (secret.text().expose_secret().to_owned(), secret.hash(core))
}
