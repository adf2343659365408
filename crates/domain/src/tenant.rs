//! Tenants and the scope that every query on tenant-owned rows must name.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::Base;

/// A customer organisation: a set of memberships with roles.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenant {
    /// Id, times, version.
    pub base: Base,
    /// Shown name.
    pub name: String,
    /// Unique short name.
    pub slug: String,
    /// Whether its members get in.
    pub status: TenantStatus,
    /// Whether its members need a second factor to get in.
    pub requires_mfa: bool,
    /// Whatever its administrators and their programs keep here: a JSON object.
    pub settings: Map<String, Value>,
}

impl Tenant {
    /// A new one, open to its members.
    pub fn new(base: Base, name: String, slug: String) -> Self {
        Self { base, name, slug, status: TenantStatus::Active, requires_mfa: false, settings: Map::new() }
    }

    /// What queries on its rows name.
    pub fn scope(&self) -> TenantScope {
        TenantScope::Tenant { id: self.base.id, uuid: self.base.uuid }
    }

    /// Bytes of JSON that the settings may have.
    pub const MAX_SETTINGS: usize = 8 * 1024;
}

/// Whether a tenant's members get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantStatus {
    /// They do.
    Active,
    /// Nobody but the platform's administrators does.
    Suspended,
}

impl TenantStatus {
    /// The stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }

    /// Reads the stored form. What is not known keeps people out.
    pub fn from_stored(text: &str) -> Self {
        if text == Self::Active.as_str() { Self::Active } else { Self::Suspended }
    }
}

/// A tenant's short name: 1 to 64 of `a–z`, `0–9` and `-`, with no dash at either end. No text is both a short name and
/// a UUID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slug(String);

/// Why a text is no short name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have 1 to 64 of a-z, 0-9 and -, with no dash at either end, and be no UUID")]
pub struct SlugError;

impl Slug {
    /// One made of a name, with enough behind it to be the only one: its letters and digits, then the end of `id`.
    pub fn of_name(name: &str, id: uuid::Uuid) -> Self {
        let key = crate::SearchKey::of(name);
        let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
        let words: String = key.as_str().chars().map(plain).collect();
        let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
        let id = id.simple().to_string();
        let stem: String = words.join("-").chars().take(48).collect();
        Self(format!("{}-{}", if stem.is_empty() { "tenant" } else { stem.trim_end_matches('-') }, &id[24..]))
    }

    /// Parses it as it stands.
    ///
    /// # Errors
    /// [`SlugError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, SlugError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(plain);
        let dashed = text.starts_with('-') || text.ends_with('-');
        if fits && !dashed && uuid::Uuid::parse_str(text).is_err() {
            Ok(Self(text.to_owned()))
        } else {
            Err(SlugError)
        }
    }

    /// The text itself.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Which tenant's rows an operation may touch. Repositories of tenant-owned rows take it as an argument,
/// so a query without it cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TenantScope {
    /// The platform itself: rows that belong to no tenant, seen by platform roles.
    Platform,
    /// One tenant's rows.
    Tenant {
        /// Its internal id.
        id: i64,
        /// What callers see (`tid`).
        uuid: uuid::Uuid,
    },
}

impl TenantScope {
    /// The value of a row's `tenant_id`.
    pub fn tenant_id(self) -> Option<i64> {
        match self {
            Self::Platform => None,
            Self::Tenant { id, .. } => Some(id),
        }
    }

    /// The tenant's public id.
    pub fn tenant_uuid(self) -> Option<uuid::Uuid> {
        match self {
            Self::Platform => None,
            Self::Tenant { uuid, .. } => Some(uuid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_can_be_made_of_any_name() {
        let id = uuid::Uuid::from_u128(0x0195_a3c2_7a1e_7c3b_9f54_0c5d_1f2e_3a4b);
        for (name, slug) in [
            ("Müller & Söhne", "muller-sohne-1f2e3a4b"),
            ("株式会社", "tenant-1f2e3a4b"),
            ("---", "tenant-1f2e3a4b"),
            ("ACME", "acme-1f2e3a4b"),
        ] {
            let made = Slug::of_name(name, id).into_string();
            assert_eq!(made, slug);
            assert_eq!(Slug::parse(&made).map(Slug::into_string), Ok(made));
        }
        assert!(Slug::parse(&Slug::of_name(&"x".repeat(200), id).into_string()).is_ok());
    }

    #[test]
    fn short_names_are_what_they_say() {
        for text in ["a", "acme", "acme-2", "0", &"a".repeat(64)] {
            assert_eq!(Slug::parse(text).map(Slug::into_string), Ok(text.to_owned()));
        }
        let uuid = "0195a3c2-7a1e-7c3b-9f54-0c5d1f2e3a4b";
        for text in ["", "-a", "a-", "Acme", "a b", "ä", "a_b", "a/b", &"a".repeat(65), uuid] {
            assert_eq!(Slug::parse(text), Err(SlugError), "{text:?}");
        }
    }
}
