//! Who belongs to a tenant, and who is asked to.

use std::time::Duration;

use crate::{Base, DisplayName, Email, RoleLink, TenantScope, Timestamp};

/// A person in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Of the membership: id, times, version.
    pub base: Base,
    /// Internal id of the person.
    pub user_id: i64,
    /// Public id of the person.
    pub user: uuid::Uuid,
    /// Address of the person.
    pub email: Email,
    /// What the person is called.
    pub display_name: Option<DisplayName>,
    /// The roles in the tenant. Sorted by name.
    pub roles: Vec<RoleLink>,
}

/// A mailed question whether somebody wants to belong to a tenant. The link in it is derived from its id, and only a
/// hash of it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Id, times, version.
    pub base: Base,
    /// To which tenant.
    pub scope: TenantScope,
    /// Who is asked.
    pub email: Email,
    /// Internal id of who asks.
    pub invited_by: i64,
    /// Until when the link works.
    pub expires_at: Timestamp,
    /// The roles that go with it. Sorted by name.
    pub roles: Vec<RoleLink>,
}

impl Invitation {
    /// For so long the link works.
    pub const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    /// Open invitations of one tenant at most.
    pub const MAX_OPEN: u64 = 1000;
}
