//! What callers say of a role.

use domain::{KnownPermission, PERMISSIONS, Permission, Realm, Role, RoleName, TenantScope};
use uuid::Uuid;

use crate::{Error, FieldError, Result};

/// A role to be made.
#[derive(Debug, Clone)]
pub struct NewRole {
    /// Unique in its scope.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// What it grants.
    pub permissions: Vec<String>,
    /// Roles that it inherits from.
    pub inherits: Vec<Uuid>,
}

/// What shall change in a role: `None` leaves it.
#[derive(Debug, Clone, Default)]
#[allow(clippy::option_option, reason = "the three cases of a partial change")]
pub struct RoleChanges {
    /// Unique in its scope.
    pub name: Option<String>,
    /// For people; the inner `None` empties it.
    pub description: Option<Option<String>>,
    /// What it grants, all of it.
    pub permissions: Option<Vec<String>>,
    /// Roles that it inherits from, all of them.
    pub inherits: Option<Vec<Uuid>>,
}

impl From<NewRole> for RoleChanges {
    fn from(new: NewRole) -> Self {
        Self {
            name: Some(new.name),
            description: Some(new.description),
            permissions: Some(new.permissions),
            inherits: Some(new.inherits),
        }
    }
}

/// The same, understood.
#[allow(clippy::option_option, reason = "the three cases of a partial change")]
pub(super) struct Parsed {
    pub(super) name: Option<RoleName>,
    pub(super) description: Option<Option<String>>,
    pub(super) permissions: Option<Vec<Permission>>,
    pub(super) inherits: Option<Vec<Uuid>>,
}

impl Parsed {
    /// Reports all unacceptable fields at once.
    pub(super) fn of(changes: RoleChanges, scope: TenantScope) -> Result<Self> {
        let mut errors = Vec::new();
        let name = changes.name.and_then(|name| {
            RoleName::parse(&name)
                .inspect_err(|error| errors.push(FieldError::new("name", "length", error)))
                .ok()
        });
        let permissions = changes.permissions.map(|texts| {
            let parse = |(index, text): (usize, &String)| {
                let refuse = |message: String| FieldError {
                    field: format!("permissions.{index}"),
                    code: "permission",
                    message,
                };
                grantable(text, scope).map_err(|message| errors.push(refuse(message))).ok()
            };
            let mut parsed: Vec<Permission> = texts.iter().enumerate().filter_map(parse).collect();
            parsed.sort_unstable();
            parsed.dedup();
            parsed
        });
        if permissions.as_ref().is_some_and(|all| all.len() > Role::MAX_PERMISSIONS) {
            let message = format!("must be at most {}", Role::MAX_PERMISSIONS);
            errors.push(FieldError { field: "permissions".to_owned(), code: "length", message });
        }
        let inherits = changes.inherits.map(|mut uuids| {
            uuids.sort_unstable();
            uuids.dedup();
            uuids
        });
        if inherits.as_ref().is_some_and(|all| all.len() > Role::MAX_PARENTS) {
            let message = format!("must be at most {}", Role::MAX_PARENTS);
            errors.push(FieldError { field: "inherits".to_owned(), code: "length", message });
        }
        if errors.is_empty() {
            Ok(Self { name, description: changes.description, permissions, inherits })
        } else {
            Err(Error::Invalid(errors))
        }
    }
}

/// A permission that a role of the scope can grant to some effect.
fn grantable(text: &str, scope: TenantScope) -> std::result::Result<Permission, String> {
    let permission = Permission::parse(text).map_err(|error| error.to_string())?;
    let tenant = scope.tenant_id().is_some();
    let counts = |known: &&KnownPermission| !(tenant && known.realm == Realm::Platform);
    let named = |known: &&KnownPermission| {
        let (resource, action) = known.name.split_once(':').unwrap_or_default();
        let granted = permission.act();
        let action_granted = granted.strip_suffix(":own").unwrap_or(&granted);
        [resource, "*"].contains(&permission.resource()) && [action, "*"].contains(&action_granted)
    };
    let named: Vec<&KnownPermission> = PERMISSIONS.iter().filter(named).collect();
    if named.iter().any(counts) {
        Ok(permission)
    } else if named.is_empty() {
        Err("is none that there is".to_owned())
    } else {
        Err("can only be granted by the platform's roles".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_role_can_grant() {
        let tenant = TenantScope::Tenant { id: 1, uuid: Uuid::nil() };
        for text in ["members:read", "members:*", "members:remove:own", "*:read", "*:*", "roles:write"] {
            assert!(
                grantable(text, tenant).is_ok() && grantable(text, TenantScope::Platform).is_ok(),
                "{text}"
            );
        }
        for text in ["jobs:read", "audit:*", "users:read:own", "tenants:suspend"] {
            assert!(
                grantable(text, tenant).is_err() && grantable(text, TenantScope::Platform).is_ok(),
                "{text}"
            );
        }
        for text in ["", "members", "members:fly", "ships:read", "members:read:theirs"] {
            assert!(
                grantable(text, tenant).is_err() && grantable(text, TenantScope::Platform).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let changes = RoleChanges {
            name: Some(String::new()),
            permissions: Some(vec!["members:read".to_owned(), "nonsense".to_owned()]),
            inherits: Some((0..=20).map(Uuid::from_u128).collect()),
            ..RoleChanges::default()
        };
        let Err(Error::Invalid(errors)) = Parsed::of(changes, TenantScope::Platform) else { panic!() };
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["name", "permissions.1", "inherits"]);
    }
}
