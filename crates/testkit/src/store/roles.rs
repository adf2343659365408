//! [`ports::RoleQueries`] and [`ports::RoleRepo`].

use domain::{Permission, Role, RoleLink, RoleName, TenantScope};
use ports::{Kind, ROLE_ORDERS};

use crate::bench::Bench;
use crate::listing::keeps_its_orders;
use crate::samples::{at, at_millis, base, id, scope, tenant, uuid};
use crate::store::access::{tenant_with_roles, user_id};

/// A role that has not been written.
pub(crate) fn role(name: &str, permissions: &[&str], parents: &[&Role]) -> Role {
    let mut permissions: Vec<Permission> =
        permissions.iter().map(|text| Permission::parse(text).unwrap()).collect();
    permissions.sort();
    Role {
        base: base(),
        name: RoleName::parse(name).unwrap(),
        description: Some("Prüft '; DROP TABLE roles; -- ✓".to_owned()),
        system: false,
        permissions,
        parents: parents.iter().map(|parent| link(parent)).collect(),
    }
}

pub(crate) fn link(role: &Role) -> RoleLink {
    RoleLink { id: role.base.id, uuid: role.base.uuid, name: role.name.as_str().to_owned() }
}

async fn insert(bench: &Bench, scope: TenantScope, role: &Role) {
    bench.commit(async |tx| tx.roles().insert(scope, role).await).await;
}

/// "A live role with what it grants and inherits"; of another scope it is not found.
pub async fn reads_back_every_field(bench: &Bench) {
    let (one, other) = (tenant_with_roles(bench).await, tenant_with_roles(bench).await);
    let parents = [role("Alpha", &["members:read"], &[]), role("Beta", &[], &[])];
    let child = role("child", &["roles:*", "members:remove:own"], &[&parents[0], &parents[1]]);
    for role in parents.iter().chain([&child]) {
        insert(bench, scope(&one), role).await;
    }
    let roles = bench.store.roles();
    assert_eq!(roles.by_uuid(scope(&one), child.base.uuid).await.unwrap(), child);
    for elsewhere in [scope(&other), TenantScope::Platform] {
        let found = roles.by_uuid(elsewhere, child.base.uuid).await;
        assert_eq!(found.unwrap_err().kind(), Kind::NotFound, "{elsewhere:?}");
    }
    assert_eq!(roles.by_uuid(scope(&one), uuid()).await.unwrap_err().kind(), Kind::NotFound);
}

/// "`Conflict` when the scope has a role of that name": a deleted one has none.
pub async fn a_live_name_is_unique_in_its_scope(bench: &Bench) {
    let (one, other) = (tenant_with_roles(bench).await, tenant_with_roles(bench).await);
    let mut first = role("support", &[], &[]);
    insert(bench, scope(&one), &first).await;
    insert(bench, scope(&other), &role("support", &[], &[])).await;
    insert(bench, TenantScope::Platform, &role("support", &[], &[])).await;
    let second = role("support", &[], &[]);
    let again = bench.refused(async |tx| tx.roles().insert(scope(&one), &second).await);
    assert_eq!(again.await, Kind::Conflict);
    first.base.deleted_at = Some(at(1));
    bench.commit(async |tx| tx.roles().update(scope(&one), &first).await).await;
    insert(bench, scope(&one), &second).await;
}

/// "Writes name, description, permissions and parents, and raises the version by one."
pub async fn an_update_replaces_all(bench: &Bench) {
    let tenant = tenant_with_roles(bench).await;
    let scope = scope(&tenant);
    let parent = role("parent", &["members:read"], &[]);
    let first = role("first", &["roles:read", "members:read"], &[]);
    insert(bench, scope, &parent).await;
    insert(bench, scope, &first).await;
    let mut second =
        Role { base: first.base.clone(), description: None, ..role("second", &["roles:*"], &[&parent]) };
    second.base.updated_at = at_millis(5);
    bench.commit(async |tx| tx.roles().update(scope, &second).await).await;
    second.base.version += 1;
    assert_eq!(bench.store.roles().by_uuid(scope, first.base.uuid).await.unwrap(), second);
}

/// "`Precondition` when the row is at another version, deleted, a system role, or the scope's not."
pub async fn what_is_not_there_is_not_updated(bench: &Bench) {
    let (one, other) = (tenant_with_roles(bench).await, tenant_with_roles(bench).await);
    let scope = scope(&one);
    let known = role("known", &["members:read"], &[]);
    let gone = role("gone", &[], &[]);
    let system = Role { system: true, ..role("guard", &[], &[]) };
    for role in [&known, &gone, &system] {
        insert(bench, scope, role).await;
    }
    let mut gone = gone;
    gone.base.deleted_at = Some(at(1));
    bench.commit(async |tx| tx.roles().update(scope, &gone).await).await;
    gone.base.version += 1;
    let mut stale = known.clone();
    stale.base.version += 1;
    for (scope, role) in [
        (scope, &stale),
        (scope, &gone),
        (scope, &system),
        (crate::samples::scope(&other), &known),
        (TenantScope::Platform, &known),
    ] {
        let refused = bench.refused(async |tx| tx.roles().update(scope, role).await);
        assert_eq!(refused.await, Kind::Precondition, "{scope:?} {}", role.name.as_str());
    }
    assert_eq!(bench.store.roles().by_uuid(scope, known.base.uuid).await.unwrap(), known);
}

/// "With `deleted_at` it is gone, and nobody has it any more."
pub async fn nobody_has_a_deleted_role(bench: &Bench) {
    let (tenant, user) = (tenant_with_roles(bench).await, user_id(bench).await);
    let scope = scope(&tenant);
    let mut parent = role("parent", &["members:read"], &[]);
    let child = role("child", &[], &[&parent]);
    insert(bench, scope, &parent).await;
    insert(bench, scope, &child).await;
    let ids = [parent.base.id, child.base.id];
    bench.commit(async |tx| tx.members().admit(&base(), user, scope, &ids).await).await;
    parent.base.deleted_at = Some(at(1));
    bench.commit(async |tx| tx.roles().update(scope, &parent).await).await;
    let roles = bench.store.roles();
    assert_eq!(roles.by_uuid(scope, parent.base.uuid).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(roles.by_uuid(scope, child.base.uuid).await.unwrap().parents, []);
    assert_eq!(bench.store.access().roles_of(user, scope).await.unwrap(), [child.base.id]);
}

/// "One page of the live roles", of the scope alone. "How many live roles there are."
pub async fn lists_those_of_the_scope(bench: &Bench) {
    let (one, other) = (tenant(), tenant());
    let parent = role("r0", &["members:read"], &[]);
    let rest: Vec<Role> =
        (1..5).map(|number| role(&format!("r{number}"), &["roles:*"], &[&parent])).collect();
    let rows: Vec<Role> = std::iter::once(parent).chain(rest).collect();
    let mut gone = role("gone", &[], &[]);
    gone.base.deleted_at = Some(at(1));
    bench
        .commit(async |tx| {
            tx.tenants().insert(&one).await?;
            tx.tenants().insert(&other).await?;
            for role in rows.iter().chain([&gone]) {
                tx.roles().insert(scope(&one), role).await?;
            }
            tx.roles().insert(scope(&other), &role("theirs", &[], &[])).await
        })
        .await;
    let list = async |page| bench.store.roles().list(scope(&one), &page).await;
    keeps_its_orders(ROLE_ORDERS, &rows, |_, role| role.base.id, list).await;
    assert_eq!(bench.store.roles().count(scope(&one)).await.unwrap(), 5);
}

/// "Those of the live roles with these ids that the scope has, sorted by name"; "the platform roles of a user".
pub async fn are_found_by_their_ids(bench: &Bench) {
    let (tenant, user) = (tenant_with_roles(bench).await, user_id(bench).await);
    let (zeta, alpha) = (role("zeta", &[], &[]), role("alpha", &[], &[]));
    let (mine, yours) = (role("mine", &[], &[]), role("yours", &[], &[]));
    insert(bench, scope(&tenant), &zeta).await;
    insert(bench, scope(&tenant), &alpha).await;
    insert(bench, TenantScope::Platform, &mine).await;
    insert(bench, TenantScope::Platform, &yours).await;
    let wanted = [zeta.base.uuid, mine.base.uuid, alpha.base.uuid, uuid()];
    let roles = bench.store.roles();
    assert_eq!(roles.named(scope(&tenant), &wanted).await.unwrap(), [link(&alpha), link(&zeta)]);
    assert_eq!(roles.named(TenantScope::Platform, &wanted).await.unwrap(), [link(&mine)]);
    assert_eq!(roles.named(scope(&tenant), &[]).await.unwrap(), []);
    let ids = [mine.base.id];
    bench.commit(async |tx| tx.access().set_platform_roles(user, &ids).await).await;
    assert_eq!(roles.of_user(user).await.unwrap(), [link(&mine)]);
    assert_eq!(roles.of_user(id()).await.unwrap(), []);
}
