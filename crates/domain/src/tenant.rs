//! Tenants and the scope that every query on tenant-owned rows must name.

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
