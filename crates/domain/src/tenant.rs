//! Tenants and the scope that every query on tenant-owned rows must name.

use thiserror::Error;

use crate::Base;

/// A customer organisation: a set of memberships with roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Id, times, version.
    pub base: Base,
    /// Shown name.
    pub name: String,
    /// Unique short name.
    pub slug: String,
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
