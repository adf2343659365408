//! The key ring: keys that every replica shares, kept in the database, sealed by the master key.

use crate::Timestamp;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Ed25519 key that signs access tokens (RFC 8037).
    AccessToken,
    /// HMAC key from which refresh token successors and mailed tokens are derived.
    Derivation,
    /// AES-256 key that encrypts chosen columns.
    Column,
    /// HMAC key that encrypted columns are found by.
    BlindIndex,
    /// AES-256 key of one backup or export. It lies in that archive's manifest, sealed, and never in the ring.
    Archive,
}

impl KeyPurpose {
    /// All that the ring has.
    pub const ALL: [Self; 4] = [Self::AccessToken, Self::Derivation, Self::Column, Self::BlindIndex];

    /// The stored form; also bound into the seal, so that a key can't be moved to another purpose.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access-token",
            Self::Derivation => "derivation",
            Self::Column => "column",
            Self::BlindIndex => "blind-index",
            Self::Archive => "archive",
        }
    }

    /// Reads the stored form. `None` for one that this version does not know.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }
}

/// A key as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct RingKey {
    /// Snowflake.
    pub id: i64,
    /// Public name of the key, the `kid` of tokens.
    pub kid: String,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// 1 for the first key of a purpose; unique per purpose, so that two first starts agree on one key.
    pub generation: i32,
    /// The key itself, sealed. Empty once it is retired.
    pub sealed: Vec<u8>,
    /// Signs and encrypts from then on; published before.
    pub active_from: Timestamp,
    /// No longer accepted from then on.
    pub retired_at: Option<Timestamp>,
}
