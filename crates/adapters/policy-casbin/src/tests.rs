use domain::{Permission, Permissions, Policy, PolicyRole, SystemRole, TenantScope};
use ports::PolicyEngine;
use uuid::Uuid;

use crate::{CasbinEngine, compile, domain_of};

const TENANT: TenantScope = TenantScope::Tenant { id: 7, uuid: Uuid::from_u128(7) };

fn parse(text: &str) -> Permission {
    Permission::parse(text).unwrap()
}

fn role(id: i64, grants: &[&str], parents: &[i64]) -> PolicyRole {
    PolicyRole {
        id,
        system: None,
        stored: grants.iter().copied().map(parse).collect(),
        parents: parents.to_vec(),
    }
}

fn system(id: i64, system: SystemRole) -> PolicyRole {
    PolicyRole { system: Some(system), ..role(id, &["never:stored"], &[]) }
}

fn policy(roles: Vec<PolicyRole>) -> Policy {
    Policy { scope: TENANT, roles }
}

async fn granted(policy: &Policy, roles: &[i64]) -> Vec<String> {
    let compiled = CasbinEngine.compile(policy).await.unwrap();
    let granted: Permissions = compiled.granted(roles).unwrap().into_iter().collect();
    granted.iter().map(|grant| grant.to_string()).collect()
}

/// "Everything that these roles grant, what they inherit included."
#[tokio::test]
async fn roles_grant_what_they_inherit() {
    let policy = policy(vec![
        role(1, &["files:read"], &[]),
        role(2, &["files:write"], &[1]),
        role(3, &["jobs:*", "reports:read:own"], &[2]),
        role(4, &["audit:read"], &[]),
    ]);
    assert_eq!(granted(&policy, &[1]).await, ["files:read"]);
    assert_eq!(granted(&policy, &[2]).await, ["files:read", "files:write"]);
    assert_eq!(granted(&policy, &[3]).await, ["files:read", "files:write", "jobs:*", "reports:read:own"]);
    assert_eq!(granted(&policy, &[1, 4]).await, ["audit:read", "files:read"]);
}

/// "Roles that the policy does not know grant nothing."
#[tokio::test]
async fn unknown_roles_grant_nothing() {
    assert!(granted(&policy(vec![]), &[1]).await.is_empty());
    assert!(granted(&policy(vec![role(1, &["files:read"], &[9])]), &[9, 2]).await.is_empty());
}

/// "Inheritance in a circle is no error, and grants nothing more."
#[tokio::test]
async fn a_circle_grants_what_is_on_it() {
    let policy = policy(vec![role(1, &["files:read"], &[2]), role(2, &["files:write"], &[1])]);
    assert_eq!(granted(&policy, &[1]).await, ["files:read", "files:write"]);
}

/// What a system role grants comes from the program, whatever is stored.
#[tokio::test]
async fn system_roles_grant_what_the_program_says() {
    let policy = policy(vec![system(1, SystemRole::Owner), role(2, &[], &[1])]);
    assert_eq!(granted(&policy, &[1]).await, ["*:*"]);
    assert_eq!(granted(&policy, &[2]).await, ["*:*"]);
}

/// The look-up that decides says the same as casbin's own model, for every role and every question.
#[tokio::test]
async fn the_lookup_agrees_with_the_model() {
    use casbin::CoreApi;

    let policy = policy(vec![
        role(1, &["files:read", "files:write:own"], &[]),
        role(2, &["files:*"], &[]),
        role(3, &["*:read"], &[1]),
        role(4, &["*:*:own"], &[3]),
        system(5, SystemRole::Owner),
        system(6, SystemRole::Admin),
        system(7, SystemRole::Member),
        role(8, &["jobs:*:own"], &[7, 2]),
    ]);
    let compiled = compile(&policy).await.unwrap();
    for role in 1..=9_i64 {
        let permissions: Permissions =
            ports::CompiledPolicy::granted(&compiled, &[role]).unwrap().into_iter().collect();
        for resource in ["files", "jobs", "members", "tenants", "unknown"] {
            for action in ["read", "write", "remove"] {
                let asked = (role.to_string(), domain_of(&policy), resource.to_owned(), action.to_owned());
                let by_model = compiled.enforcer.enforce(asked).unwrap();
                let by_lookup = permissions.allow(&format!("{resource}:{action}"));
                assert_eq!(by_lookup, by_model, "role {role}, {resource}:{action}");
            }
        }
    }
}
