//! Roles, and the policy that all roles of a scope make together.

use crate::{Base, Permission, RoleName, SystemRole, TenantScope};

/// A set of permissions with a name, of one tenant or of the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Id, times, version.
    pub base: Base,
    /// Unique in its scope.
    pub name: RoleName,
    /// For people.
    pub description: Option<String>,
    /// One of [`SystemRole`]: it can't be changed or deleted, and nothing is stored of what it grants.
    pub system: bool,
    /// What it grants by itself. Sorted.
    pub permissions: Vec<Permission>,
    /// The roles whose grants it has, too. Sorted by name.
    pub parents: Vec<RoleLink>,
}

impl Role {
    /// Permissions that one role grants by itself at most.
    pub const MAX_PERMISSIONS: usize = 200;
    /// Roles that one role inherits from directly at most.
    pub const MAX_PARENTS: usize = 20;
    /// Roles of one scope at most, so that a policy fits into memory.
    pub const MAX_PER_SCOPE: u64 = 500;
}

/// A role, named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleLink {
    /// Internal id.
    pub id: i64,
    /// Public id.
    pub uuid: uuid::Uuid,
    /// Its name.
    pub name: String,
}

/// All roles of a scope, as rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Of which tenant, or of the platform.
    pub scope: TenantScope,
    /// In any order.
    pub roles: Vec<PolicyRole>,
}

/// A role as a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRole {
    /// Internal id.
    pub id: i64,
    /// Which of the system's it is.
    pub system: Option<SystemRole>,
    /// What is stored of what it grants.
    pub stored: Vec<Permission>,
    /// Internal ids of the roles it inherits from.
    pub parents: Vec<i64>,
}

/// How many steps of inheritance count: a longer chain is refused when it is made.
pub const MAX_INHERITANCE: usize = 10;

impl PolicyRole {
    /// What it grants by itself.
    pub fn grants(&self, scope: TenantScope) -> Vec<Permission> {
        match self.system {
            Some(role) => role.grants(scope).collect(),
            None => self.stored.clone(),
        }
    }
}

impl Policy {
    /// How many steps lie between a role with these parents and the furthest it inherits from. `None` when it would
    /// inherit from itself, or over more than [`MAX_INHERITANCE`] steps.
    pub fn depth_with(&self, role: i64, parents: &[i64]) -> Option<usize> {
        self.depth(role, parents, MAX_INHERITANCE, role)
    }

    fn depth(&self, of: i64, parents: &[i64], left: usize, forbidden: i64) -> Option<usize> {
        let mut deepest = 0;
        for parent in parents {
            if left == 0 || *parent == forbidden || *parent == of {
                return None;
            }
            let inherited = self.roles.iter().find(|role| role.id == *parent);
            let further = inherited.map_or(&[][..], |role| role.parents.as_slice());
            deepest = deepest.max(1 + self.depth(*parent, further, left - 1, forbidden)?);
        }
        Some(deepest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inheritance_has_no_circle_and_an_end() {
        let role = |id: i64, parents: &[i64]| PolicyRole {
            id,
            system: None,
            stored: vec![],
            parents: parents.to_vec(),
        };
        let first = role(1, &[]);
        let heirs = (2..=10).map(|id| role(id, &[id - 1]));
        let roles = std::iter::once(first).chain(heirs).collect();
        let policy = Policy { scope: TenantScope::Platform, roles };
        assert_eq!(policy.depth_with(11, &[]), Some(0));
        assert_eq!(policy.depth_with(11, &[1, 5]), Some(5));
        assert_eq!(policy.depth_with(11, &[10]), Some(10), "as long as it may be");
        assert_eq!(policy.depth_with(1, &[10]), None, "a circle");
        assert_eq!(policy.depth_with(3, &[3]), None, "itself");
        let longer = Policy { roles: [policy.roles, vec![role(11, &[10])]].concat(), ..policy };
        assert_eq!(longer.depth_with(12, &[11]), None, "too long");
    }
}
