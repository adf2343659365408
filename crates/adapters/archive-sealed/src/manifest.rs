//! The manifest: one line of JSON that says what an archive is, and one line that proves it.
//!
//! The second line is an HMAC-SHA-256 of the first under the archive's own key, in hexadecimal, or a plain SHA-256
//! where the archive is not sealed.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use ports::Result;
use serde::{Deserialize, Serialize};

use crate::damaged;

pub(crate) const NAME: &str = "manifest";
/// The only one that this program writes and reads.
pub(crate) const FORMAT: u32 = 1;
/// A hundred thousand parts.
pub(crate) const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// What an archive is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Of the archive itself.
    pub format: u32,
    /// The archive's name; bound to its content.
    pub name: String,
    /// What kind of content it is.
    pub kind: String,
    /// Name and version of the program that wrote it.
    pub program: String,
    /// What the reader of the content has to know first.
    pub about: serde_json::Value,
    /// When its writing began.
    pub started_at: Timestamp,
    /// When its last part was written.
    pub finished_at: Timestamp,
    /// The content's size, before it was compressed.
    pub content_bytes: u64,
    /// In order.
    pub parts: Vec<Part>,
    /// The archive's key in base64, sealed by the master key; none if it is readable by anybody.
    pub key: Option<String>,
}

/// One part, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Its name within the archive.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// What all parts take together, in bytes.
    pub fn stored_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }

    /// Both lines.
    pub(crate) fn to_document(&self, seal: impl Fn(&[u8]) -> [u8; 32]) -> Result<Vec<u8>> {
        let mut document = serde_json::to_vec(self).map_err(|error| damaged(error.to_string()))?;
        let seal = seal_line(&seal(&document));
        document.extend_from_slice(seal.as_bytes());
        Ok(document)
    }

    /// What the first line says, and all that follows it, which is to be compared.
    pub(crate) fn from_document(document: &[u8]) -> Result<(Self, Vec<u8>)> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let first = sealed_part(document);
        let unreadable = |_| damaged("its manifest can't be read");
        let Format { format } = serde_json::from_slice(first).map_err(unreadable)?;
        if format != FORMAT {
            return Err(damaged(format!(
                "it has format {format}, this program knows {FORMAT}; use a newer one"
            )));
        }
        let seal = document.get(first.len()..).unwrap_or_default();
        Ok((serde_json::from_slice(first).map_err(unreadable)?, seal.to_vec()))
    }
}

/// The first line.
pub(crate) fn sealed_part(document: &[u8]) -> &[u8] {
    document.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

/// In a time that tells nothing.
pub(crate) fn is_genuine(found: &[u8], expected: &[u8; 32]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(found, seal_line(expected).as_bytes()).is_ok()
}

/// With what separates it from the first.
fn seal_line(seal: &[u8; 32]) -> String {
    format!("\n{}\n", hex(seal))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Result<Vec<u8>> {
    STANDARD.decode(text).map_err(|_| damaged("its key can't be read"))
}
