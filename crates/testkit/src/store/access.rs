//! [`ports::AccessQueries`] and [`ports::AccessRepo`].

use domain::{Permission, Policy, PolicyRole, SystemRole, Tenant, TenantScope, TenantStatus, UserStatus};
use ports::{Kind, Membership, Raise, RevisionMirror, RevisionOf, Revisions, Seen};

use crate::bench::Bench;
use crate::samples::{at, base, id, scope, tenant, user, uuid};

pub(crate) async fn user_id(bench: &Bench) -> i64 {
    let user = user();
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    user.base.id
}

/// A tenant with its system roles.
pub(crate) async fn tenant_with_roles(bench: &Bench) -> Tenant {
    let tenant = tenant();
    bench
        .commit(async |tx| {
            tx.tenants().insert(&tenant).await?;
            for role in SystemRole::ALL {
                tx.access().insert_system_role(&base(), role, scope(&tenant)).await?;
            }
            Ok(())
        })
        .await;
    tenant
}

async fn join(bench: &Bench, user_id: i64, tenant: &Tenant) {
    let scope = scope(tenant);
    bench.commit(async |tx| tx.members().join(&base(), user_id, scope, SystemRole::Member).await).await;
}

/// The system roles that a user has.
async fn held(bench: &Bench, user_id: i64, scope: TenantScope) -> Vec<SystemRole> {
    let access = bench.store.access();
    let (roles, policy) =
        (access.roles_of(user_id, scope).await.unwrap(), access.policy(scope).await.unwrap());
    let mut held: Vec<SystemRole> = policy
        .roles
        .iter()
        .filter(|role| roles.contains(&role.id))
        .map(|role| role.system.unwrap())
        .collect();
    assert_eq!(held.len(), roles.len());
    held.sort_by_key(|role| role.name());
    held
}

/// "The active membership of a live user in an active tenant"; "the same by the tenant's internal id".
pub async fn a_membership_is_a_way_in(bench: &Bench) {
    let (member, stranger) = (user_id(bench).await, user_id(bench).await);
    let (tenant, other) = (tenant_with_roles(bench).await, tenant_with_roles(bench).await);
    join(bench, member, &tenant).await;
    let access = bench.store.access();
    let way = Membership { scope: scope(&tenant), requires_mfa: false };
    assert_eq!(access.membership(member, tenant.base.uuid).await.unwrap(), way);
    assert_eq!(access.membership_by_id(member, tenant.base.id).await.unwrap(), way);
    for (user, uuid, id) in [
        (stranger, tenant.base.uuid, tenant.base.id),
        (member, other.base.uuid, other.base.id),
        (member, uuid(), id()),
    ] {
        assert_eq!(access.membership(user, uuid).await.unwrap_err().kind(), Kind::NotFound);
        assert_eq!(access.membership_by_id(user, id).await.unwrap_err().kind(), Kind::NotFound);
    }
    let strict = Tenant { requires_mfa: true, ..tenant.clone() };
    bench.commit(async |tx| tx.tenants().update(&strict).await).await;
    assert!(access.membership(member, tenant.base.uuid).await.unwrap().requires_mfa);
    let mut suspended = Tenant { status: TenantStatus::Suspended, ..tenant };
    suspended.base.version += 1;
    bench.commit(async |tx| tx.tenants().update(&suspended).await).await;
    let shut = access.membership(member, suspended.base.uuid).await;
    assert_eq!(shut.unwrap_err().kind(), Kind::NotFound);
}

/// "Every one is raised in the unit of work that changes what it stands for; a policy that was never changed is at 0."
pub async fn revisions_are_those_of_user_platform_and_tenant(bench: &Bench) {
    let (ada, tenant, other) = (user(), tenant_with_roles(bench).await, tenant_with_roles(bench).await);
    bench.commit(async |tx| tx.users().insert(&ada).await).await;
    let of = async |tenant: &Tenant| {
        bench.store.access().revisions(ada.base.uuid, Some(tenant.base.uuid)).await.unwrap()
    };
    let first = Revisions { user: ada.auth_revision, platform: 0, tenant: 0 };
    assert_eq!(of(&tenant).await, first);
    for _ in 0..2 {
        bench.commit(async |tx| tx.access().bump_policy(scope(&tenant)).await).await;
    }
    bench.commit(async |tx| tx.access().bump_policy(TenantScope::Platform).await).await;
    bench.commit(async |tx| tx.users().bump_auth_revision(ada.base.id).await).await;
    let next = Revisions { user: ada.auth_revision + 1, platform: 1, tenant: 2 };
    assert_eq!(of(&tenant).await, next);
    assert_eq!(of(&other).await, Revisions { tenant: 0, ..next });
    let access = bench.store.access();
    assert_eq!(access.revisions(ada.base.uuid, None).await.unwrap(), Revisions { tenant: 0, ..next });
    assert_eq!(access.revisions(uuid(), None).await.unwrap_err().kind(), Kind::NotFound);
}

/// "Units of work that change one policy wait for each other from here on": none of the raises is lost.
pub async fn raises_of_a_policy_add_up(bench: &Bench) {
    let (ada, tenant) = (user(), tenant_with_roles(bench).await);
    bench.commit(async |tx| tx.users().insert(&ada).await).await;
    let scope = scope(&tenant);
    let raise = || bench.commit(async move |tx| tx.access().bump_policy(scope).await);
    futures_util::future::join_all((0..8).map(|_| raise())).await;
    let revisions = bench.store.access().revisions(ada.base.uuid, Some(tenant.base.uuid)).await.unwrap();
    assert_eq!(revisions.tenant, 8);
}

/// Makes the mirror know it.
async fn mirrored(bench: &Bench, of: RevisionOf) {
    let seen = bench.mirror.look(&[of]).await.unwrap().remove(0);
    let Seen::Open(place) = seen else { panic!("{seen:?}") };
    bench.mirror.fill(&[(place, 1)]).await.unwrap();
    assert_eq!(bench.mirror.look(&[of]).await.unwrap(), [Seen::At(1)]);
}

/// "The mirror tells nobody any more what a revision was before this has raised it, or has deleted its user."
pub async fn what_is_raised_or_gone_is_not_told_any_more(bench: &Bench) {
    let (ada, tenant) = (user(), tenant_with_roles(bench).await);
    bench.commit(async |tx| tx.users().insert(&ada).await).await;
    let mut gone = ada.clone();
    gone.base.deleted_at = Some(at(1));
    let of_ada = RevisionOf::User(ada.base.id);
    for (of, change) in [
        (of_ada, "bump"),
        (RevisionOf::Platform, "platform"),
        (RevisionOf::Tenant(tenant.base.id), "tenant"),
        (of_ada, "delete"),
    ] {
        mirrored(bench, of).await;
        let tx = bench.begin().await;
        match change {
            "bump" => tx.users().bump_auth_revision(ada.base.id).await.unwrap(),
            "platform" => tx.access().bump_policy(TenantScope::Platform).await.unwrap(),
            "tenant" => tx.access().bump_policy(scope(&tenant)).await.unwrap(),
            _ => tx.users().update(&gone).await.unwrap(),
        }
        assert_eq!(bench.mirror.look(&[of]).await.unwrap(), [Seen::At(1)], "{change}: not yet");
        tx.commit().await.unwrap();
        let seen = bench.mirror.look(&[of]).await.unwrap().remove(0);
        let Seen::Open(place) = seen else { panic!("{change}: {seen:?}") };
        // The next round begins with nothing.
        let raise = Raise { of: vec![place.of], ticket: bench.mirror.ticket().unwrap() };
        bench.mirror.raised(&raise).await.unwrap();
    }
}

/// "What is rolled back tells nothing."
pub async fn what_is_rolled_back_tells_nothing(bench: &Bench) {
    let ada = user();
    bench.commit(async |tx| tx.users().insert(&ada).await).await;
    let of = RevisionOf::User(ada.base.id);
    mirrored(bench, of).await;
    let tx = bench.begin().await;
    tx.users().bump_auth_revision(ada.base.id).await.unwrap();
    drop(tx);
    assert_eq!(bench.mirror.look(&[of]).await.unwrap(), [Seen::At(1)]);
}

/// "All live roles of a scope", with what is stored of them.
pub async fn a_policy_is_all_roles_of_a_scope(bench: &Bench) {
    let tenant = tenant_with_roles(bench).await;
    let scope = scope(&tenant);
    let parent = crate::store::roles::role("parent", &["members:read"], &[]);
    let child = crate::store::roles::role("child", &["roles:*", "files:read:own"], &[&parent]);
    let mut gone = crate::store::roles::role("gone", &["jobs:read"], &[]);
    gone.base.deleted_at = Some(at(1));
    bench
        .commit(async |tx| {
            for role in [&parent, &child, &gone] {
                tx.roles().insert(scope, role).await?;
            }
            Ok(())
        })
        .await;
    let Policy { scope: of, mut roles } = bench.store.access().policy(scope).await.unwrap();
    assert_eq!((of, roles.len()), (scope, 5));
    roles.retain(|role| role.system.is_none());
    roles.sort_by_key(|role| role.id);
    for role in &mut roles {
        role.stored.sort();
    }
    let as_rule = |role: &domain::Role| PolicyRole {
        id: role.base.id,
        system: None,
        stored: role.permissions.clone(),
        parents: role.parents.iter().map(|parent| parent.id).collect(),
    };
    assert_eq!(roles, [as_rule(&parent), as_rule(&child)]);
    let read: Vec<Permission> = roles[0].grants(scope);
    assert_eq!(read, parent.permissions);
    assert_eq!(bench.store.access().policy(TenantScope::Platform).await.unwrap().roles, []);
}

/// "`Conflict` when the scope has a role of that name": the platform is a scope like each tenant.
pub async fn a_role_name_is_unique_in_its_scope(bench: &Bench) {
    let (one, other) = (tenant_with_roles(bench).await, tenant_with_roles(bench).await);
    let platform = TenantScope::Platform;
    bench.commit(async |tx| tx.access().insert_system_role(&base(), SystemRole::Admin, platform).await).await;
    for scope in [platform, scope(&one), scope(&other)] {
        let again =
            bench.refused(async |tx| tx.access().insert_system_role(&base(), SystemRole::Admin, scope).await);
        assert_eq!(again.await, Kind::Conflict, "{scope:?}");
    }
}

/// "Internal ids of the live roles that a user has in `scope`."
pub async fn roles_are_those_of_the_scope(bench: &Bench) {
    let (user_id, stranger) = (user_id(bench).await, user_id(bench).await);
    let (tenant, other) = (tenant_with_roles(bench).await, tenant_with_roles(bench).await);
    let platform = TenantScope::Platform;
    join(bench, user_id, &tenant).await;
    bench
        .commit(async |tx| {
            tx.access().insert_system_role(&base(), SystemRole::Admin, platform).await?;
            tx.access().assign_platform_role(user_id, SystemRole::Admin).await
        })
        .await;
    assert_eq!(held(bench, user_id, scope(&tenant)).await, [SystemRole::Member]);
    assert_eq!(held(bench, user_id, platform).await, [SystemRole::Admin]);
    assert!(held(bench, user_id, scope(&other)).await.is_empty());
    assert!(held(bench, stranger, scope(&tenant)).await.is_empty());
}

/// "`NotFound` when … the tenant is suspended or gone."
pub async fn a_gone_tenant_grants_nothing(bench: &Bench) {
    let user_id = user_id(bench).await;
    let mut tenant = tenant_with_roles(bench).await;
    join(bench, user_id, &tenant).await;
    tenant.base.deleted_at = Some(at(1));
    bench.commit(async |tx| tx.tenants().update(&tenant).await).await;
    let access = bench.store.access();
    assert_eq!(access.membership(user_id, tenant.base.uuid).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(access.membership_by_id(user_id, tenant.base.id).await.unwrap_err().kind(), Kind::NotFound);
    assert!(held(bench, user_id, scope(&tenant)).await.is_empty());
}

/// "Gives a user a platform role; again changes nothing"; `NotFound` "when there is no such role".
pub async fn platform_roles_are_assigned_once(bench: &Bench) {
    let user_id = user_id(bench).await;
    tenant_with_roles(bench).await;
    let assign =
        async |tx: &dyn ports::Tx| tx.access().assign_platform_role(user_id, SystemRole::Member).await;
    assert_eq!(bench.refused(assign).await, Kind::NotFound, "the tenant's role is not the platform's");
    let platform = TenantScope::Platform;
    bench
        .commit(async |tx| tx.access().insert_system_role(&base(), SystemRole::Member, platform).await)
        .await;
    for _ in 0..2 {
        bench.commit(assign).await;
        assert_eq!(held(bench, user_id, platform).await, [SystemRole::Member]);
    }
}

/// "Gives a user these platform roles, and no others"; "`Conflict` when one of them is gone".
pub async fn platform_roles_are_exchanged(bench: &Bench) {
    let (user_id, platform) = (user_id(bench).await, TenantScope::Platform);
    let roles = SystemRole::ALL.map(|role| (base(), role));
    bench
        .commit(async |tx| {
            for (base, role) in &roles {
                tx.access().insert_system_role(base, *role, platform).await?;
            }
            tx.access().assign_platform_role(user_id, SystemRole::Owner).await
        })
        .await;
    let [_, (admin, _), (member, _)] = &roles;
    let set =
        async |ids: &[i64]| bench.commit(async |tx| tx.access().set_platform_roles(user_id, ids).await).await;
    set(&[admin.id, member.id]).await;
    assert_eq!(held(bench, user_id, platform).await, [SystemRole::Admin, SystemRole::Member]);
    let unknown = [admin.id, id()];
    let refused = bench.refused(async |tx| tx.access().set_platform_roles(user_id, &unknown).await);
    assert_eq!(refused.await, Kind::Conflict);
    set(&[]).await;
    assert!(held(bench, user_id, platform).await.is_empty());
}

/// "The live, active users that hold a platform role."
pub async fn holders_of_a_platform_role_are_live_and_active(bench: &Bench) {
    let (live, mut locked, mut gone, other) = (user(), user(), user(), user());
    locked.status = UserStatus::Locked;
    bench
        .commit(async |tx| {
            tx.access().insert_system_role(&base(), SystemRole::Owner, TenantScope::Platform).await?;
            tx.access().insert_system_role(&base(), SystemRole::Admin, TenantScope::Platform).await?;
            for user in [&live, &locked, &gone, &other] {
                tx.users().insert(user).await?;
            }
            for user in [&live, &locked, &gone] {
                tx.access().assign_platform_role(user.base.id, SystemRole::Owner).await?;
            }
            tx.access().assign_platform_role(other.base.id, SystemRole::Admin).await
        })
        .await;
    gone.base.deleted_at = Some(at(1));
    bench.commit(async |tx| tx.users().update(&gone).await).await;
    let holders =
        async |role| bench.commit(async |tx| tx.access().lock_holders_of_platform_role(role).await).await;
    assert_eq!(holders(SystemRole::Owner).await, [live.base.id]);
    assert_eq!(holders(SystemRole::Admin).await, [other.base.id]);
}

/// "Of two that would each leave one behind, the second sees what the first one did."
pub async fn of_two_that_leave_the_second_sees_the_first(bench: &Bench) {
    let users = [user(), user()];
    bench
        .commit(async |tx| {
            tx.access().insert_system_role(&base(), SystemRole::Owner, TenantScope::Platform).await?;
            for user in &users {
                tx.users().insert(user).await?;
                tx.access().assign_platform_role(user.base.id, SystemRole::Owner).await?;
            }
            Ok(())
        })
        .await;
    let leaving = users.clone().map(|mut user| {
        let store = bench.store.clone();
        tokio::spawn(async move {
            let tx = store.begin().await.unwrap();
            let holders = tx.access().lock_holders_of_platform_role(SystemRole::Owner).await.unwrap();
            if holders.len() < 2 {
                return false;
            }
            user.base.deleted_at = Some(at(1));
            tx.users().update(&user).await.unwrap();
            tx.commit().await.unwrap();
            true
        })
    });
    let mut left = 0;
    for leaving in leaving {
        left += u32::from(leaving.await.unwrap());
    }
    assert_eq!(left, 1);
}
