//! The permissions that there are, and where each is judged.

/// Whose grants count for a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Realm {
    /// Everybody's who is signed in.
    Everybody,
    /// The same, but no program's that has a key of theirs.
    Session,
    /// Those in the tenant that the call is about, or of the platform where it is about none.
    Tenant,
    /// Those of platform roles alone: what is acted on belongs to no tenant.
    Platform,
}

/// A permission that an operation may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownPermission {
    /// `resource:action`.
    pub name: &'static str,
    /// Whose grants count.
    pub realm: Realm,
    /// What it lets its holder do.
    pub meaning: &'static str,
}

const fn known(name: &'static str, realm: Realm, meaning: &'static str) -> KnownPermission {
    KnownPermission { name, realm, meaning }
}

/// All of them, sorted.
pub const PERMISSIONS: &[KnownPermission] = &[
    known("audit:read", Realm::Platform, "Read the audit trail"),
    known(
        "credentials:write",
        Realm::Session,
        "Change how one logs in, end one's sessions, make and revoke API keys",
    ),
    known("events:read", Realm::Platform, "Look at events that could not be published"),
    known("events:write", Realm::Platform, "Publish them again, or drop them"),
    known("jobs:read", Realm::Platform, "Look at background jobs"),
    known("jobs:write", Realm::Platform, "Submit, repeat and cancel background jobs"),
    known("members:read", Realm::Tenant, "See who belongs to the tenant, and who is invited"),
    known("members:remove", Realm::Tenant, "Remove members; with `:own`, leave"),
    known("members:write", Realm::Tenant, "Invite, and give members their roles"),
    known("profile:read", Realm::Everybody, "See one's own account"),
    known("profile:write", Realm::Everybody, "Change one's own account"),
    known("roles:read", Realm::Tenant, "See roles and what they grant"),
    known("roles:write", Realm::Tenant, "Make, change and delete roles"),
    known("tenants:create", Realm::Everybody, "Found a tenant"),
    known("tenants:delete", Realm::Tenant, "Delete the tenant"),
    known("tenants:read", Realm::Tenant, "See the tenant and its settings"),
    known("tenants:suspend", Realm::Platform, "Suspend tenants, and let them go on"),
    known("tenants:write", Realm::Tenant, "Rename the tenant and change its settings"),
    known("users:read", Realm::Platform, "See accounts; with `:own`, one's own"),
    known(
        "users:write",
        Realm::Platform,
        "Make, change, lock and delete accounts; with `:own`, change one's own",
    ),
];

impl KnownPermission {
    /// The one that an operation asks for, whether or not on one's own alone.
    pub fn of(needed: &str) -> Option<&'static Self> {
        let name = needed.strip_suffix(":own").unwrap_or(needed);
        PERMISSIONS.iter().find(|known| known.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Permission, SystemRole, TenantScope};

    #[test]
    fn each_is_a_permission_and_stands_in_order() {
        assert!(PERMISSIONS.is_sorted_by_key(|known| known.name));
        for known in PERMISSIONS {
            assert_eq!(Permission::parse(known.name).unwrap().to_string(), known.name);
        }
    }

    /// What a system role grants is something that there is.
    #[test]
    fn system_roles_grant_what_there_is() {
        let tenant = TenantScope::Tenant { id: 1, uuid: uuid::Uuid::nil() };
        let grants = |scope| SystemRole::ALL.into_iter().flat_map(move |role| role.grants(scope));
        for grant in grants(TenantScope::Platform).chain(grants(tenant)).chain(SystemRole::implied()) {
            let resource = grant.resource();
            let of = |known: &&KnownPermission| known.name.split(':').next() == Some(resource);
            assert!(resource == "*" || PERMISSIONS.iter().any(|known| of(&known)), "{grant}");
        }
    }
}
