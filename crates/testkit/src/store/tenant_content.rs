//! [`ports::TenantContentQueries`] and [`ports::TenantContentRepo`].

use domain::{AuditEntry, Base, Tenant, User, UserStatus};
use ports::{Identified, InvitationRow, Kind, MemberRow, NewInvitation, NewMember, RoleRow, Tx};

use crate::bench::Bench;
use crate::samples::{at, at_millis, base, email, hash, id, tenant, user, uuid};
use crate::store::audit::entry;

/// Two tenants, so that there is somebody else.
async fn tenants(bench: &Bench) -> [Tenant; 2] {
    let tenants = [tenant(), tenant()];
    bench
        .commit(async |tx| {
            for tenant in &tenants {
                tx.tenants().insert(tenant).await?;
            }
            Ok(())
        })
        .await;
    tenants
}

fn role(name: &str, permissions: &[&str]) -> RoleRow {
    let base = Base { updated_at: at_millis(1_007), version: 7, ..base() };
    let permissions = permissions.iter().map(|text| (*text).to_owned()).collect();
    let (name, description) = (name.to_owned(), (name != "owner").then(|| "Prüft 'es' ✓".to_owned()));
    RoleRow { base, system: name == "owner", name, description, permissions, parents: vec![] }
}

fn member(user_id: i64, roles: &[&RoleRow]) -> NewMember {
    let roles = roles.iter().map(|role| role.base.id).collect();
    NewMember { base: base(), status: "active".to_owned(), user_id, roles }
}

/// What is read of a membership.
fn seen(member: &NewMember, user: &User) -> MemberRow {
    MemberRow {
        base: member.base.clone(),
        status: member.status.clone(),
        user: user.base.uuid,
        email: user.email.clone(),
        display_name: user.display_name.clone(),
        locked: user.status == UserStatus::Locked,
        roles: member.roles.clone(),
    }
}

/// "Live roles behind the id `after`, in the order of their ids; at most `limit`."
pub async fn roles_read_back_in_order(bench: &Bench) {
    let [one, other] = tenants(bench).await;
    // Also of a form that only a newer version knows.
    let roles = [role("owner", &["*:*"]), role("Prüfer", &["audit:read", "x:y:z"]), role("nobody", &[])];
    let mut gone = role("gone", &["jobs:read"]);
    gone.base.deleted_at = Some(at(1));
    bench
        .commit(async |tx| {
            let content = tx.tenant_content();
            content.insert_roles(one.base.id, &roles).await?;
            content.insert_roles(one.base.id, &[gone]).await?;
            content.insert_roles(other.base.id, &[role("owner", &["*:*"])]).await?;
            // "None at all is fine."
            content.insert_roles(one.base.id, &[]).await
        })
        .await;
    let content = bench.store.tenant_content();
    assert_eq!(content.roles(one.base.id, 0, 10).await.unwrap(), roles);
    assert_eq!(content.roles(one.base.id, 0, 2).await.unwrap(), roles[..2]);
    assert_eq!(content.roles(one.base.id, roles[1].base.id, 10).await.unwrap(), roles[2..]);
    assert_eq!(content.roles(id(), 0, 10).await.unwrap(), []);
}

/// "Of their parents those that are live and the tenant's own."
pub async fn roles_read_back_with_their_parents(bench: &Bench) {
    let [one, other] = tenants(bench).await;
    let [mut heir, first, second] = ["heir", "first", "second"].map(|name| role(name, &[]));
    let (mut gone, foreign) = (role("gone", &[]), role("first", &[]));
    gone.base.deleted_at = Some(at(1));
    // Who inherits may come before whom it is from.
    let links = [&second, &first, &gone].map(|parent| (heir.base.id, parent.base.id));
    bench
        .commit(async |tx| {
            let content = tx.tenant_content();
            let roles = [heir.clone(), first.clone(), second.clone(), gone];
            content.insert_roles(one.base.id, &roles).await?;
            content.insert_roles(other.base.id, std::slice::from_ref(&foreign)).await?;
            content.insert_parents(one.base.id, &links).await?;
            content.insert_parents(one.base.id, &[]).await
        })
        .await;
    heir.parents = vec![first.base.id, second.base.id];
    let found = bench.store.tenant_content().roles(one.base.id, 0, 10).await.unwrap();
    assert_eq!(found, [heir, first, second]);
    let (again, first) = (links[0], found[1].base.id);
    for link in [again, (first, id()), (first, foreign.base.id), (foreign.base.id, first)] {
        let insert = async |tx: &dyn Tx| tx.tenant_content().insert_parents(one.base.id, &[link]).await;
        assert_eq!(bench.refused(insert).await, Kind::Conflict, "{link:?}");
    }
}

/// "Invitations by live users behind the id `after`, in the order of their ids; at most `limit`. Expired ones too."
pub async fn invitations_read_back_in_order(bench: &Bench) {
    let [one, other] = tenants(bench).await;
    let (writer, foreign) = (role("writer", &[]), role("writer", &[]));
    let (host, mut gone) = (user(), user());
    gone.base.deleted_at = Some(at(1));
    let invitation = |by: &User, roles: &[&RoleRow]| NewInvitation {
        base: base(),
        email: email(),
        invited_by: by.base.id,
        expires_at: at_millis(77),
        hash: hash(),
        roles: roles.iter().map(|role| role.base.id).collect(),
    };
    let [first, second] = [invitation(&host, &[&writer]), invitation(&host, &[])];
    let stray = [invitation(&host, &[&foreign])];
    let (hostless, elsewhere) = (invitation(&gone, &[]), invitation(&host, &[]));
    bench
        .commit(async |tx| {
            tx.bulk().insert_users(&[host.clone(), gone.clone()]).await?;
            let content = tx.tenant_content();
            content.insert_roles(one.base.id, std::slice::from_ref(&writer)).await?;
            content.insert_roles(other.base.id, std::slice::from_ref(&foreign)).await?;
            content.insert_invitations(one.base.id, &[second.clone(), hostless, first.clone()]).await?;
            content.insert_invitations(other.base.id, &[elsewhere]).await?;
            content.insert_invitations(one.base.id, &[]).await
        })
        .await;
    let seen = |invitation: &NewInvitation, roles: Vec<i64>| InvitationRow {
        base: invitation.base.clone(),
        email: invitation.email.clone(),
        invited_by: host.email.clone(),
        expires_at: invitation.expires_at,
        roles,
    };
    let all = [seen(&first, vec![writer.base.id]), seen(&second, vec![])];
    let content = bench.store.tenant_content();
    assert_eq!(content.invitations(one.base.id, 0, 10).await.unwrap(), all);
    assert_eq!(content.invitations(one.base.id, 0, 1).await.unwrap(), all[..1]);
    assert_eq!(content.invitations(one.base.id, first.base.id, 10).await.unwrap(), all[1..]);
    let stored = bench.store.invitations().by_hash(&first.hash).await.unwrap();
    assert_eq!((stored.base, stored.email), (first.base.clone(), first.email.clone()));
    let refused = bench.refused(async |tx| tx.tenant_content().insert_invitations(one.base.id, &stray).await);
    assert_eq!(refused.await, Kind::Conflict);
    let again = [NewInvitation { base: base(), ..first }];
    let refused = bench.refused(async |tx| tx.tenant_content().insert_invitations(one.base.id, &again).await);
    assert_eq!(refused.await, Kind::Conflict);
}

/// "Live memberships of live users behind the id `after`", with their roles.
pub async fn members_read_back_in_order(bench: &Bench) {
    let [one, other] = tenants(bench).await;
    let (writer, painter, foreign) = (role("writer", &[]), role("painter", &[]), role("writer", &[]));
    let locked = User { status: UserStatus::Locked, ..user() };
    let nameless = User { display_name: None, ..user() };
    let mut deleted = user();
    deleted.base.deleted_at = Some(at(1));
    let left = user();
    let mut departed = member(left.base.id, &[]);
    departed.base.deleted_at = Some(at(1));
    let both = member(locked.base.id, &[&writer, &painter]);
    let none = member(nameless.base.id, &[]);
    let elsewhere = NewMember { base: base(), roles: vec![foreign.base.id], ..both.clone() };
    bench
        .commit(async |tx| {
            tx.bulk()
                .insert_users(&[locked.clone(), nameless.clone(), deleted.clone(), left.clone()])
                .await?;
            let content = tx.tenant_content();
            content.insert_roles(one.base.id, &[writer.clone(), painter.clone()]).await?;
            content.insert_roles(other.base.id, std::slice::from_ref(&foreign)).await?;
            let members = [both.clone(), none.clone(), member(deleted.base.id, &[&writer]), departed];
            content.insert_members(one.base.id, &members).await?;
            content.insert_members(other.base.id, &[elsewhere]).await?;
            content.insert_members(one.base.id, &[]).await
        })
        .await;
    let content = bench.store.tenant_content();
    let members = [seen(&both, &locked), seen(&none, &nameless)];
    assert_eq!(content.members(one.base.id, 0, 10).await.unwrap(), members);
    assert_eq!(content.members(one.base.id, 0, 1).await.unwrap(), members[..1]);
    assert_eq!(content.members(one.base.id, both.base.id, 10).await.unwrap(), members[1..]);
}

/// "`Conflict` when a row is there already or what it refers to is not."
pub async fn what_does_not_fit_is_a_conflict(bench: &Bench) {
    let [one, _] = tenants(bench).await;
    let (owner, namesake) = (role("owner", &[]), role("owner", &[]));
    let person = user();
    bench
        .commit(async |tx| {
            tx.users().insert(&person).await?;
            tx.tenant_content().insert_roles(one.base.id, std::slice::from_ref(&owner)).await
        })
        .await;
    let tenant_id = one.base.id;
    for (role, tenant_id) in [(owner.clone(), tenant_id), (namesake, tenant_id), (role("x", &[]), id())] {
        let roles = [role];
        let refused = bench.refused(async |tx| tx.tenant_content().insert_roles(tenant_id, &roles).await);
        assert_eq!(refused.await, Kind::Conflict, "{roles:?}");
    }
    let stranger = [member(id(), &[&owner])];
    let refused = bench.refused(async |tx| tx.tenant_content().insert_members(tenant_id, &stranger).await);
    assert_eq!(refused.await, Kind::Conflict);
    let unknown = [member(person.base.id, &[&role("y", &[])])];
    let refused = bench.refused(async |tx| tx.tenant_content().insert_members(tenant_id, &unknown).await);
    assert_eq!(refused.await, Kind::Conflict);
}

/// "Looks through at most `limit` rows of the audit trail behind the id `after`, whoever's they are."
pub async fn the_trail_is_looked_through_by_stretches(bench: &Bench) {
    let [one, other] = tenants(bench).await;
    let of = |tenant_id: Option<i64>| AuditEntry { tenant_id, ..entry("a.b", at_millis(3)) };
    let entries: Vec<AuditEntry> =
        [Some(one.base.id), None, Some(other.base.id), Some(one.base.id), None].map(of).into();
    bench.commit(async |tx| tx.bulk().insert_audit_entries(&entries).await).await;
    let content = bench.store.tenant_content();
    let (mut after, mut found, mut looks) = (Some(0), Vec::new(), 0);
    while let Some(from) = after {
        let stretch = content.trail(one.base.id, from, 2).await.unwrap();
        (after, looks) = (stretch.next, looks + 1);
        found.extend(stretch.entries);
    }
    assert_eq!(looks, 3, "two rows, two rows, and one with which the trail ends");
    assert_eq!(found, [entries[0].clone(), entries[3].clone()]);
}

/// "The live users among those with these addresses."
pub async fn users_are_found_by_address(bench: &Bench) {
    let (here, mut gone) = (user(), user());
    gone.base.deleted_at = Some(at(1));
    bench.commit(async |tx| tx.bulk().insert_users(&[here.clone(), gone.clone()]).await).await;
    let content = bench.store.tenant_content();
    let asked = [email(), here.email.clone(), gone.email];
    assert_eq!(content.users_at(&asked).await.unwrap(), [(here.email, here.base.id)]);
    assert_eq!(content.users_at(&[]).await.unwrap(), []);
}

/// "Those that can't be written because a row, deleted ones included, has their internal or their public id."
pub async fn taken_ids_are_told(bench: &Bench) {
    let [one, _] = tenants(bench).await;
    let (role, mut person) = (role("owner", &[]), user());
    person.base.deleted_at = Some(at(1));
    let (member, entry) = (member(person.base.id, &[]), entry("a.b", at(0)));
    bench
        .commit(async |tx| {
            tx.bulk().insert_users(std::slice::from_ref(&person)).await?;
            tx.bulk().insert_audit_entries(std::slice::from_ref(&entry)).await?;
            tx.tenant_content().insert_roles(one.base.id, std::slice::from_ref(&role)).await?;
            tx.tenant_content().insert_members(one.base.id, std::slice::from_ref(&member)).await
        })
        .await;
    let content = bench.store.tenant_content();
    for (of, base) in [
        (Identified::Tenants, &one.base),
        (Identified::Roles, &role.base),
        (Identified::Memberships, &member.base),
        (Identified::Users, &person.base),
    ] {
        let namesake = (id(), base.uuid);
        let asked = [(base.id, uuid()), namesake, (id(), uuid())];
        let mut taken = content.taken(of, &asked).await.unwrap();
        taken.sort_unstable();
        let mut expected = [base.id, namesake.0];
        expected.sort_unstable();
        assert_eq!(taken, expected, "{of:?}");
        assert_eq!(content.taken(of, &[]).await.unwrap(), Vec::<i64>::new(), "{of:?}");
    }
    let asked = [(entry.id, uuid()), (id(), entry.uuid)];
    assert_eq!(content.taken(Identified::AuditEntries, &asked).await.unwrap(), [entry.id]);
}
