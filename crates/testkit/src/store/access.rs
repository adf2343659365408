//! [`ports::AccessQueries`] and [`ports::AccessRepo`].

use domain::{Permissions, SystemRole, Tenant, TenantScope, UserStatus};
use ports::Kind;

use crate::bench::Bench;
use crate::samples::{at, base, id, scope, tenant, user, uuid};

async fn user_id(bench: &Bench) -> i64 {
    let user = user();
    bench.commit(async |tx| tx.users().insert(&user).await).await;
    user.base.id
}

/// A tenant with the role of members.
async fn tenant_with_role(bench: &Bench) -> Tenant {
    let tenant = tenant();
    bench
        .commit(async |tx| {
            tx.access().insert_tenant(&tenant).await?;
            tx.access().insert_system_role(&base(), SystemRole::Member, scope(&tenant)).await
        })
        .await;
    tenant
}

async fn join(bench: &Bench, user_id: i64, tenant: &Tenant) {
    let scope = scope(tenant);
    bench.commit(async |tx| tx.access().join(&base(), user_id, scope, SystemRole::Member).await).await;
}

async fn grants(bench: &Bench, user_id: i64, scope: TenantScope) -> Vec<String> {
    let grants = bench.store.access().grants(user_id, scope).await.unwrap();
    let mut texts: Vec<String> = grants.iter().map(ToString::to_string).collect();
    texts.sort();
    texts
}

fn sorted(role: SystemRole) -> Vec<&'static str> {
    let mut grants = role.grants().to_vec();
    grants.sort_unstable();
    grants
}

/// "The tenant with this short name", "with this public id". `NotFound`.
pub async fn finds_tenants_by_slug_and_id(bench: &Bench) {
    let tenant = tenant();
    bench.commit(async |tx| tx.access().insert_tenant(&tenant).await).await;
    let access = bench.store.access();
    assert_eq!(access.tenant_by_slug(&tenant.slug).await.unwrap(), tenant);
    assert_eq!(access.tenant_by_slug("nobody").await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(access.tenant_by_uuid(tenant.base.uuid).await.unwrap(), tenant);
    assert_eq!(access.tenant_by_uuid(uuid()).await.unwrap_err().kind(), Kind::NotFound);
}

/// "`Conflict` when the short name is taken"; a deleted tenant has none.
pub async fn a_live_slug_is_unique(bench: &Bench) {
    let mut gone = tenant();
    gone.base.deleted_at = Some(at(1));
    let live = Tenant { slug: gone.slug.clone(), ..tenant() };
    let second = Tenant { slug: gone.slug.clone(), ..tenant() };
    bench.commit(async |tx| tx.access().insert_tenant(&gone).await).await;
    assert_eq!(bench.store.access().tenant_by_slug(&gone.slug).await.unwrap_err().kind(), Kind::NotFound);
    bench.commit(async |tx| tx.access().insert_tenant(&live).await).await;
    assert_eq!(bench.refused(async |tx| tx.access().insert_tenant(&second).await).await, Kind::Conflict);
    assert_eq!(bench.store.access().tenant_by_slug(&gone.slug).await.unwrap(), live);
}

/// "The active membership of a user in a tenant, as a scope"; "the same by the tenant's internal id".
pub async fn a_membership_is_a_scope(bench: &Bench) {
    let (member, stranger) = (user_id(bench).await, user_id(bench).await);
    let (tenant, other) = (tenant_with_role(bench).await, tenant_with_role(bench).await);
    join(bench, member, &tenant).await;
    let access = bench.store.access();
    assert_eq!(access.membership(member, tenant.base.uuid).await.unwrap(), scope(&tenant));
    assert_eq!(access.membership_by_id(member, tenant.base.id).await.unwrap(), scope(&tenant));
    for (user, uuid, id) in [
        (stranger, tenant.base.uuid, tenant.base.id),
        (member, other.base.uuid, other.base.id),
        (member, uuid(), id()),
    ] {
        assert_eq!(access.membership(user, uuid).await.unwrap_err().kind(), Kind::NotFound);
        assert_eq!(access.membership_by_id(user, id).await.unwrap_err().kind(), Kind::NotFound);
    }
}

/// "`Conflict` when the scope has a role of that name": the platform is a scope like each tenant.
pub async fn a_role_name_is_unique_in_its_scope(bench: &Bench) {
    let (one, other) = (tenant_with_role(bench).await, tenant_with_role(bench).await);
    let insert = |scope: TenantScope| {
        bench.commit(async move |tx| tx.access().insert_system_role(&base(), SystemRole::Admin, scope).await)
    };
    for scope in [TenantScope::Platform, scope(&one), scope(&other)] {
        insert(scope).await;
        let again =
            bench.refused(async |tx| tx.access().insert_system_role(&base(), SystemRole::Admin, scope).await);
        assert_eq!(again.await, Kind::Conflict, "{scope:?}");
    }
}

/// "`NotFound` when the tenant has no such role": another tenant's, or the platform's, is not its.
pub async fn joining_needs_the_role(bench: &Bench) {
    let user_id = user_id(bench).await;
    let tenant = tenant_with_role(bench).await;
    let platform = TenantScope::Platform;
    bench.commit(async |tx| tx.access().insert_system_role(&base(), SystemRole::Owner, platform).await).await;
    for scope in [scope(&tenant), TenantScope::Platform] {
        let refused =
            bench.refused(async |tx| tx.access().join(&base(), user_id, scope, SystemRole::Owner).await);
        assert_eq!(refused.await, Kind::NotFound, "{scope:?}");
    }
    let joined = bench.store.access().membership(user_id, tenant.base.uuid).await;
    assert_eq!(joined.unwrap_err().kind(), Kind::NotFound);
}

/// "Again changes nothing."
pub async fn joining_twice_changes_nothing(bench: &Bench) {
    let user_id = user_id(bench).await;
    let tenant = tenant_with_role(bench).await;
    for _ in 0..2 {
        join(bench, user_id, &tenant).await;
        assert_eq!(grants(bench, user_id, scope(&tenant)).await, sorted(SystemRole::Member));
    }
}

/// "All grants of a user: of platform roles, and of roles in `scope`."
pub async fn grants_are_those_of_the_scope_and_the_platform(bench: &Bench) {
    let (user_id, stranger) = (user_id(bench).await, user_id(bench).await);
    let (tenant, other) = (tenant_with_role(bench).await, tenant_with_role(bench).await);
    join(bench, user_id, &tenant).await;
    assert_eq!(grants(bench, user_id, scope(&tenant)).await, sorted(SystemRole::Member));
    assert!(grants(bench, user_id, scope(&other)).await.is_empty());
    assert!(grants(bench, user_id, TenantScope::Platform).await.is_empty());
    bench
        .commit(async |tx| {
            tx.access().insert_system_role(&base(), SystemRole::Admin, TenantScope::Platform).await?;
            tx.access().assign_platform_role(user_id, SystemRole::Admin).await
        })
        .await;
    assert_eq!(grants(bench, user_id, TenantScope::Platform).await, sorted(SystemRole::Admin));
    assert_eq!(grants(bench, user_id, scope(&other)).await, sorted(SystemRole::Admin));
    let all: Permissions =
        bench.store.access().grants(user_id, scope(&tenant)).await.unwrap().into_iter().collect();
    assert!(all.allow("profile:read") && all.allow("users:write"));
    assert!(grants(bench, stranger, scope(&tenant)).await.is_empty());
}

/// "`NotFound` when … the tenant is gone."
pub async fn a_gone_tenant_grants_nothing(bench: &Bench) {
    let user_id = user_id(bench).await;
    let mut tenant = tenant();
    tenant.base.deleted_at = Some(at(1));
    bench
        .commit(async |tx| {
            tx.access().insert_tenant(&tenant).await?;
            tx.access().insert_system_role(&base(), SystemRole::Member, scope(&tenant)).await?;
            tx.access().join(&base(), user_id, scope(&tenant), SystemRole::Member).await
        })
        .await;
    let access = bench.store.access();
    assert_eq!(access.membership(user_id, tenant.base.uuid).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(access.membership_by_id(user_id, tenant.base.id).await.unwrap_err().kind(), Kind::NotFound);
    assert!(grants(bench, user_id, scope(&tenant)).await.is_empty());
}

/// "Gives a user a platform role; again changes nothing"; `NotFound` "when there is no such role".
pub async fn platform_roles_are_assigned_once(bench: &Bench) {
    let user_id = user_id(bench).await;
    let tenant = tenant_with_role(bench).await;
    let assign =
        async |tx: &dyn ports::Tx| tx.access().assign_platform_role(user_id, SystemRole::Member).await;
    assert_eq!(bench.refused(assign).await, Kind::NotFound, "the tenant's role is not the platform's");
    let platform = TenantScope::Platform;
    bench
        .commit(async |tx| tx.access().insert_system_role(&base(), SystemRole::Member, platform).await)
        .await;
    for _ in 0..2 {
        bench.commit(assign).await;
        assert_eq!(grants(bench, user_id, scope(&tenant)).await, sorted(SystemRole::Member));
    }
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
