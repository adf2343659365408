//! [`ports::TenantQueries`], [`ports::MemberQueries`], [`ports::InvitationQueries`] and the repositories behind them.

use domain::{Invitation, Member, Role, SystemRole, Tenant, TenantScope, TenantStatus, User};
use ports::{Kind, TENANCY_ORDERS, TenantFilter};

use crate::bench::Bench;
use crate::listing::keeps_its_orders;
use crate::samples::{at, at_millis, base, email, hash, id, scope, tenant, user, uuid};
use crate::store::access::tenant_with_roles;
use crate::store::roles::{link, role};

/// A tenant with two roles of its own.
async fn tenant_with(bench: &Bench, names: [&str; 2]) -> (Tenant, [Role; 2]) {
    let (tenant, roles) =
        (tenant_with_roles(bench).await, names.map(|name| role(name, &["members:read"], &[])));
    bench
        .commit(async |tx| {
            for role in &roles {
                tx.roles().insert(scope(&tenant), role).await?;
            }
            Ok(())
        })
        .await;
    (tenant, roles)
}

/// A member with these roles.
async fn admitted(bench: &Bench, tenant: &Tenant, user: &User, roles: &[&Role]) -> Member {
    let base = base();
    let ids: Vec<i64> = roles.iter().map(|role| role.base.id).collect();
    bench
        .commit(async |tx| {
            tx.users().insert(user).await?;
            tx.members().admit(&base, user.base.id, scope(tenant), &ids).await
        })
        .await;
    Member {
        base,
        user_id: user.base.id,
        user: user.base.uuid,
        email: user.email.clone(),
        display_name: user.display_name.clone(),
        roles: roles.iter().map(|role| link(role)).collect(),
    }
}

/// "The live tenant with this short name", "with this public id"; else `NotFound`.
pub async fn tenants_are_found_by_slug_and_id(bench: &Bench) {
    let tenant = tenant();
    bench.commit(async |tx| tx.tenants().insert(&tenant).await).await;
    let tenants = bench.store.tenants();
    assert_eq!(tenants.by_slug(&tenant.slug).await.unwrap(), tenant);
    assert_eq!(tenants.by_slug("nobody").await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(tenants.by_uuid(tenant.base.uuid).await.unwrap(), tenant);
    assert_eq!(tenants.by_uuid(uuid()).await.unwrap_err().kind(), Kind::NotFound);
}

/// "`Conflict` when the short name is taken"; a deleted tenant has none.
pub async fn a_live_slug_is_unique(bench: &Bench) {
    let mut gone = tenant();
    gone.base.deleted_at = Some(at(1));
    let live = Tenant { slug: gone.slug.clone(), ..tenant() };
    let second = Tenant { slug: gone.slug.clone(), ..tenant() };
    bench.commit(async |tx| tx.tenants().insert(&gone).await).await;
    assert_eq!(bench.store.tenants().by_slug(&gone.slug).await.unwrap_err().kind(), Kind::NotFound);
    bench.commit(async |tx| tx.tenants().insert(&live).await).await;
    assert_eq!(bench.refused(async |tx| tx.tenants().insert(&second).await).await, Kind::Conflict);
    assert_eq!(bench.store.tenants().by_slug(&gone.slug).await.unwrap(), live);
    let other = tenant();
    bench.commit(async |tx| tx.tenants().insert(&other).await).await;
    let renamed = Tenant { slug: live.slug.clone(), ..other };
    assert_eq!(bench.refused(async |tx| tx.tenants().update(&renamed).await).await, Kind::Conflict);
}

/// "Writes all fields of a tenant that was read at `tenant.base.version`"; "`Precondition` when the row is at another
/// version or deleted".
pub async fn a_tenant_is_updated_at_its_version(bench: &Bench) {
    let first = tenant();
    bench.commit(async |tx| tx.tenants().insert(&first).await).await;
    let mut changed = Tenant {
        name: "Anders".to_owned(),
        slug: format!("{}-2", first.slug),
        status: TenantStatus::Suspended,
        requires_mfa: true,
        settings: serde_json::Map::new(),
        ..first.clone()
    };
    changed.base.updated_at = at_millis(9);
    bench.commit(async |tx| tx.tenants().update(&changed).await).await;
    let stale = changed.clone();
    changed.base.version += 1;
    assert_eq!(bench.store.tenants().by_uuid(first.base.uuid).await.unwrap(), changed);
    assert_eq!(bench.refused(async |tx| tx.tenants().update(&stale).await).await, Kind::Precondition);
    changed.base.deleted_at = Some(at(1));
    bench.commit(async |tx| tx.tenants().update(&changed).await).await;
    changed.base.version += 1;
    assert_eq!(bench.refused(async |tx| tx.tenants().update(&changed).await).await, Kind::Precondition);
}

/// "One page of the live tenants that the filter lets through", of a member those that they get into.
pub async fn tenants_are_listed(bench: &Bench) {
    let ada = user();
    bench.commit(async |tx| tx.users().insert(&ada).await).await;
    let (mut rows, mut others) = (Vec::new(), Vec::new());
    for number in 0..7 {
        let tenant = tenant_with_roles(bench).await;
        if number < 5 {
            bench
                .commit(async |tx| {
                    tx.members().join(&base(), ada.base.id, scope(&tenant), SystemRole::Member).await
                })
                .await;
            rows.push(tenant);
        } else {
            others.push(tenant);
        }
    }
    let all: Vec<Tenant> = rows.iter().chain(&others).cloned().collect();
    for (filter, rows) in
        [(TenantFilter { member: Some(ada.base.id) }, rows.clone()), (TenantFilter::default(), all)]
    {
        let list = async |page| bench.store.tenants().list(&filter, &page).await;
        keeps_its_orders(TENANCY_ORDERS, &rows, |_, tenant| tenant.base.id, list).await;
        assert_eq!(bench.store.tenants().count(&filter).await.unwrap(), rows.len() as u64);
    }
    let suspended = Tenant { status: TenantStatus::Suspended, ..rows[0].clone() };
    bench.commit(async |tx| tx.tenants().update(&suspended).await).await;
    let mine = TenantFilter { member: Some(ada.base.id) };
    assert_eq!(bench.store.tenants().count(&mine).await.unwrap(), 4);
    assert_eq!(bench.store.tenants().count(&TenantFilter::default()).await.unwrap(), 7);
}

/// "`NotFound` when the tenant has no such role": another tenant's, or the platform's, is not its.
pub async fn joining_needs_the_role(bench: &Bench) {
    let (ada, bare) = (user(), tenant());
    bench
        .commit(async |tx| {
            tx.users().insert(&ada).await?;
            tx.tenants().insert(&bare).await?;
            tx.access().insert_system_role(&base(), SystemRole::Owner, TenantScope::Platform).await
        })
        .await;
    for scope in [scope(&bare), TenantScope::Platform] {
        let join = async |tx: &dyn ports::Tx| {
            tx.members().join(&base(), ada.base.id, scope, SystemRole::Owner).await
        };
        assert_eq!(bench.refused(join).await, Kind::NotFound, "{scope:?}");
    }
    let joined = bench.store.access().membership(ada.base.id, bare.base.uuid).await;
    assert_eq!(joined.unwrap_err().kind(), Kind::NotFound);
}

/// "Makes a user a member with one of its system roles; again changes nothing"; "a member gets those that are missing".
pub async fn joining_twice_changes_nothing(bench: &Bench) {
    let (ada, (tenant, [support, _])) = (user(), tenant_with(bench, ["support", "zeta"]).await);
    bench.commit(async |tx| tx.users().insert(&ada).await).await;
    let roles = async || {
        let member = bench.store.members().by_user(scope(&tenant), ada.base.uuid).await.unwrap();
        member.roles.into_iter().map(|role| role.name).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        let join = async |tx: &dyn ports::Tx| {
            tx.members().join(&base(), ada.base.id, scope(&tenant), SystemRole::Member).await
        };
        bench.commit(join).await;
        assert_eq!(roles().await, ["member"]);
    }
    for _ in 0..2 {
        let ids = [support.base.id];
        bench.commit(async |tx| tx.members().admit(&base(), ada.base.id, scope(&tenant), &ids).await).await;
        assert_eq!(roles().await, ["member", "support"]);
    }
    let unknown = [id()];
    let refused =
        bench.refused(async |tx| tx.members().admit(&base(), ada.base.id, scope(&tenant), &unknown).await);
    assert_eq!(refused.await, Kind::Conflict);
}

/// "A member with the roles in the tenant; else `NotFound`": strangers, members elsewhere, deleted persons.
pub async fn members_read_back_in_their_tenant(bench: &Bench) {
    let (tenant, [alpha, zeta]) = tenant_with(bench, ["alpha", "zeta"]).await;
    let other = tenant_with_roles(bench).await;
    let (ada, gone) = (user(), user());
    let member = admitted(bench, &tenant, &ada, &[&alpha, &zeta]).await;
    admitted(bench, &tenant, &gone, &[]).await;
    let mut deleted = gone.clone();
    deleted.base.deleted_at = Some(at(1));
    bench.commit(async |tx| tx.users().update(&deleted).await).await;
    let members = bench.store.members();
    assert_eq!(members.by_user(scope(&tenant), ada.base.uuid).await.unwrap(), member);
    for (scope, user) in [
        (scope(&other), ada.base.uuid),
        (TenantScope::Platform, ada.base.uuid),
        (scope(&tenant), gone.base.uuid),
        (scope(&tenant), uuid()),
    ] {
        assert_eq!(members.by_user(scope, user).await.unwrap_err().kind(), Kind::NotFound);
    }
    assert_eq!(members.count(scope(&tenant)).await.unwrap(), 1);
}

/// "One page of the members, a few statements whatever its length."
pub async fn members_are_listed(bench: &Bench) {
    let (tenant, [alpha, zeta]) = tenant_with(bench, ["alpha", "zeta"]).await;
    let (other, [theirs, _]) = tenant_with(bench, ["theirs", "more"]).await;
    admitted(bench, &other, &user(), &[&theirs]).await;
    let mut rows = Vec::new();
    for roles in [&[&alpha][..], &[], &[&alpha, &zeta], &[&zeta], &[]] {
        rows.push(admitted(bench, &tenant, &user(), roles).await);
    }
    let list = async |page| bench.store.members().list(scope(&tenant), &page).await;
    keeps_its_orders(TENANCY_ORDERS, &rows, |_, member| member.base.id, list).await;
    assert_eq!(bench.store.members().count(scope(&tenant)).await.unwrap(), 5);
}

/// "Gives a member these roles and no others, and raises the version by one"; "ends a membership"; at another version,
/// or from another tenant, `Precondition`.
pub async fn members_change_at_their_version(bench: &Bench) {
    let (tenant, [alpha, zeta]) = tenant_with(bench, ["alpha", "zeta"]).await;
    let (other, ada) = (tenant_with_roles(bench).await, user());
    let member = admitted(bench, &tenant, &ada, &[&alpha]).await;
    let ids = [zeta.base.id];
    let set = async |tx: &dyn ports::Tx| tx.members().set_roles(scope(&tenant), &member, &ids, at(7)).await;
    let elsewhere =
        bench.refused(async |tx| tx.members().set_roles(scope(&other), &member, &ids, at(7)).await);
    assert_eq!(elsewhere.await, Kind::Precondition);
    bench.commit(set).await;
    assert_eq!(bench.refused(set).await, Kind::Precondition);
    let mut changed = Member { roles: vec![link(&zeta)], ..member.clone() };
    changed.base.version += 1;
    changed.base.updated_at = at(7);
    let members = bench.store.members();
    assert_eq!(members.by_user(scope(&tenant), ada.base.uuid).await.unwrap(), changed);
    let stale = bench.refused(async |tx| tx.members().remove(scope(&tenant), &member, at(8)).await);
    assert_eq!(stale.await, Kind::Precondition);
    bench.commit(async |tx| tx.members().remove(scope(&tenant), &changed, at(8)).await).await;
    assert_eq!(members.by_user(scope(&tenant), ada.base.uuid).await.unwrap_err().kind(), Kind::NotFound);
    let left = bench.store.access().membership(ada.base.id, tenant.base.uuid).await;
    assert_eq!(left.unwrap_err().kind(), Kind::NotFound);
    bench.commit(async |tx| tx.members().admit(&base(), ada.base.id, scope(&tenant), &[]).await).await;
    assert_eq!(members.by_user(scope(&tenant), ada.base.uuid).await.unwrap().roles, []);
}

/// "The users who own a tenant."
pub async fn owners_are_members_with_the_role(bench: &Bench) {
    let (tenant, other) = (tenant_with_roles(bench).await, tenant_with_roles(bench).await);
    let (ada, bob) = (user(), user());
    bench
        .commit(async |tx| {
            tx.users().insert(&ada).await?;
            tx.users().insert(&bob).await?;
            let members = tx.members();
            members.join(&base(), ada.base.id, scope(&tenant), SystemRole::Owner).await?;
            members.join(&base(), bob.base.id, scope(&tenant), SystemRole::Admin).await?;
            members.join(&base(), bob.base.id, scope(&other), SystemRole::Owner).await
        })
        .await;
    let owners = async |scope| bench.commit(async |tx| tx.members().lock_owners(scope).await).await;
    assert_eq!(owners(scope(&tenant)).await, [ada.base.id]);
    assert_eq!(owners(scope(&other)).await, [bob.base.id]);
}

/// An invitation that has been written, and the hash of its link.
async fn invited(bench: &Bench, tenant: &Tenant, by: &User, roles: &[&Role]) -> (Invitation, Vec<u8>) {
    let invitation = Invitation {
        base: base(),
        scope: scope(tenant),
        email: email(),
        invited_by: by.base.id,
        expires_at: at(100),
        roles: roles.iter().map(|role| link(role)).collect(),
    };
    let hash = hash();
    bench.commit(async |tx| tx.invitations().insert(&invitation, &hash).await).await;
    (invitation, hash)
}

async fn inviter(bench: &Bench) -> User {
    let inviter = user();
    bench.commit(async |tx| tx.users().insert(&inviter).await).await;
    inviter
}

/// "Takes the invitation with this hash out and returns it: of two concurrent calls one gets it."
pub async fn an_invitation_is_taken_once(bench: &Bench) {
    let (tenant, [alpha, zeta]) = tenant_with(bench, ["alpha", "zeta"]).await;
    let inviter = inviter(bench).await;
    let (invitation, hash) = invited(bench, &tenant, &inviter, &[&alpha, &zeta]).await;
    let (kept, _) = invited(bench, &tenant, &inviter, &[]).await;
    let invitations = bench.store.invitations();
    assert_eq!(invitations.by_hash(&hash).await.unwrap(), invitation);
    assert_eq!(invitations.by_uuid(invitation.base.uuid).await.unwrap(), invitation);
    let take = || async {
        let tx = bench.begin().await;
        let taken = tx.invitations().take(&hash).await;
        // Whoever comes second may have been undone by the first one; it has not got it either.
        match taken {
            Ok(taken) => tx.commit().await.map(|()| taken).ok(),
            Err(_) => None,
        }
    };
    let taken = futures_util::future::join_all((0..4).map(|_| take())).await;
    let taken: Vec<Invitation> = taken.into_iter().flatten().collect();
    assert_eq!(taken, std::slice::from_ref(&invitation));
    assert_eq!(invitations.by_hash(&hash).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(invitations.by_uuid(kept.base.uuid).await.unwrap(), kept);
}

/// "In the place of an earlier one to the same address", of the same tenant.
pub async fn the_newest_invitation_counts(bench: &Bench) {
    let (tenant, other) = (tenant_with_roles(bench).await, tenant_with_roles(bench).await);
    let inviter = inviter(bench).await;
    let (first, _) = invited(bench, &tenant, &inviter, &[]).await;
    let second = Invitation { base: base(), ..first.clone() };
    let elsewhere = Invitation { base: base(), scope: scope(&other), ..first.clone() };
    let hashes = [hash(), hash()];
    bench.commit(async |tx| tx.invitations().insert(&second, &hashes[0]).await).await;
    bench.commit(async |tx| tx.invitations().insert(&elsewhere, &hashes[1]).await).await;
    let invitations = bench.store.invitations();
    assert_eq!(invitations.by_uuid(first.base.uuid).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(invitations.by_hash(&hashes[0]).await.unwrap(), second);
    assert_eq!(invitations.count(scope(&tenant)).await.unwrap(), 1);
}

/// "One page of a tenant's"; "withdraws one. True when this call did it"; "removes those that expired before `before`".
pub async fn invitations_are_listed_and_withdrawn(bench: &Bench) {
    let (tenant, [alpha, _]) = tenant_with(bench, ["alpha", "zeta"]).await;
    let (other, inviter) = (tenant_with_roles(bench).await, inviter(bench).await);
    let (mut rows, theirs) = (Vec::new(), invited(bench, &other, &inviter, &[]).await.0);
    for _ in 0..5 {
        rows.push(invited(bench, &tenant, &inviter, &[&alpha]).await.0);
    }
    let list = async |page| bench.store.invitations().list(scope(&tenant), &page).await;
    keeps_its_orders(TENANCY_ORDERS, &rows, |_, invitation| invitation.base.id, list).await;
    let withdraw =
        async |uuid| bench.commit(async |tx| tx.invitations().withdraw(scope(&tenant), uuid).await).await;
    assert!(withdraw(rows[0].base.uuid).await);
    assert!(!withdraw(rows[0].base.uuid).await);
    assert!(!withdraw(theirs.base.uuid).await, "it is another tenant's");
    assert_eq!(bench.store.invitations().count(scope(&tenant)).await.unwrap(), 4);
    let purge =
        async |before, limit| bench.commit(async |tx| tx.invitations().purge(at(before), limit).await).await;
    assert_eq!(purge(100, 10).await, 0);
    assert_eq!([purge(101, 3).await, purge(101, 3).await], [3, 2]);
}
