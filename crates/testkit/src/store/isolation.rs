//! One tenant's rows are not there for another: every method that takes a tenant is called with the ids of a second
//! one, and then by whom they belong to, which shows that the first call asked for something that is there.

use domain::{AuditEntry, Invitation, Member, Role, SystemRole, Tenant, TenantScope, User};
use ports::{
    AccessQueries, InvitationQueries, Kind, MemberQueries, NewInvitation, NewMember, Result, RoleQueries,
    RoleRow, TenantContentQueries, Tx,
};

use crate::bench::Bench;
use crate::samples::{at, base, email, first, hash, scope, tenant, user};
use crate::store::access::tenant_with_roles;
use crate::store::audit::entry;
use crate::store::roles::{link, role};

/// The methods that are walked here, by trait. A test compares them with the ports.
#[cfg(test)]
const WALKED: &[(&str, &[&str])] = &[
    ("AccessQueries", &["membership_by_id", "policy", "roles_of"]),
    ("AccessRepo", &["bump_policy", "insert_system_role"]),
    ("InvitationQueries", &["count", "list"]),
    ("InvitationRepo", &["withdraw"]),
    ("MemberQueries", &["by_user", "count", "list"]),
    ("MemberRepo", &["admit", "join", "lock_owners", "remove", "set_roles"]),
    ("RoleQueries", &["by_uuid", "count", "list", "named"]),
    ("RoleRepo", &["insert", "update"]),
    ("TenantContentQueries", &["invitations", "members", "roles", "trail"]),
    ("TenantContentRepo", &["insert_invitations", "insert_members", "insert_parents", "insert_roles"]),
];

/// What a tenant has.
struct Estate {
    tenant: Tenant,
    user: User,
    member: Member,
    parent: Role,
    role: Role,
    invitation: Invitation,
}

impl Estate {
    fn scope(&self) -> TenantScope {
        scope(&self.tenant)
    }
}

async fn estate(bench: &Bench, name: &str) -> Estate {
    let (tenant, user, hash) = (tenant_with_roles(bench).await, user(), hash());
    let parent = role(&format!("{name}-parent"), &["members:read"], &[]);
    let role = role(name, &["members:read"], &[&parent]);
    let member = Member {
        base: base(),
        user_id: user.base.id,
        user: user.base.uuid,
        email: user.email.clone(),
        display_name: user.display_name.clone(),
        roles: vec![link(&role)],
    };
    let invitation = Invitation {
        base: base(),
        scope: scope(&tenant),
        email: email(),
        invited_by: user.base.id,
        expires_at: at(100),
        roles: vec![link(&role)],
    };
    bench
        .commit(async |tx| {
            tx.users().insert(&user).await?;
            tx.roles().insert(scope(&tenant), &parent).await?;
            tx.roles().insert(scope(&tenant), &role).await?;
            let roles = [role.base.id];
            tx.members().admit(&member.base, user.base.id, scope(&tenant), &roles).await?;
            tx.invitations().insert(&invitation, &hash).await
        })
        .await;
    Estate { tenant, user, member, parent, role, invitation }
}

/// Two tenants that have a row in every table of tenants, for the tests of an adapter; their internal ids.
pub async fn two_tenants(bench: &Bench) -> [i64; 2] {
    [estate(bench, "one").await.tenant.base.id, estate(bench, "two").await.tenant.base.id]
}

/// What reads, outside a unit of work or inside.
struct Doors<'a> {
    roles: &'a dyn RoleQueries,
    members: &'a dyn MemberQueries,
    invitations: &'a dyn InvitationQueries,
    access: &'a dyn AccessQueries,
    content: &'a dyn TenantContentQueries,
}

impl Doors<'_> {
    /// Which of the estate's things a scope shows, by the name of the method.
    async fn shown(&self, of: &Estate, within: &Tenant) -> Result<Vec<&'static str>> {
        let (scope, page) = (scope(within), first(100));
        let (role, uuids) = (of.role.base.uuid, [of.role.base.uuid]);
        let found = |error: ports::Error| if error.kind() == Kind::NotFound { Ok(false) } else { Err(error) };
        let is_role = |row: &Role| row.base.uuid == role;
        let is_member = |row: &Member| row.base.uuid == of.member.base.uuid;
        let is_invitation = |row: &Invitation| row.base.uuid == of.invitation.base.uuid;
        let in_policy = |policy: domain::Policy| policy.roles.iter().any(|row| row.id == of.role.base.id);
        let (id, tenant_id) = (of.user.base.id, within.base.id);
        let answers = [
            ("roles.by_uuid", self.roles.by_uuid(scope, role).await.map(|_| true).or_else(found)?),
            ("roles.list", self.roles.list(scope, &page).await?.rows.iter().any(is_role)),
            ("roles.named", !self.roles.named(scope, &uuids).await?.is_empty()),
            (
                "members.by_user",
                self.members.by_user(scope, of.user.base.uuid).await.map(|_| true).or_else(found)?,
            ),
            ("members.list", self.members.list(scope, &page).await?.rows.iter().any(is_member)),
            ("invitations.list", self.invitations.list(scope, &page).await?.rows.iter().any(is_invitation)),
            (
                "access.membership",
                self.access.membership(id, within.base.uuid).await.map(|_| true).or_else(found)?,
            ),
            (
                "access.membership_by_id",
                self.access.membership_by_id(id, tenant_id).await.map(|_| true).or_else(found)?,
            ),
            ("access.roles_of", !self.access.roles_of(id, scope).await?.is_empty()),
            ("access.policy", in_policy(self.access.policy(scope).await?)),
            (
                "tenant_content.roles",
                self.content.roles(tenant_id, 0, 100).await?.iter().any(|row| row.base.uuid == role),
            ),
            (
                "tenant_content.members",
                self.content
                    .members(tenant_id, 0, 100)
                    .await?
                    .iter()
                    .any(|row| row.user == of.user.base.uuid),
            ),
            (
                "tenant_content.invitations",
                self.content
                    .invitations(tenant_id, 0, 100)
                    .await?
                    .iter()
                    .any(|row| row.base.uuid == of.invitation.base.uuid),
            ),
        ];
        Ok(answers.into_iter().filter_map(|(name, shown)| shown.then_some(name)).collect())
    }

    /// How many of everything a scope has.
    async fn counts(&self, scope: TenantScope) -> Result<[u64; 3]> {
        let roles = self.roles.count(scope).await?;
        Ok([roles, self.members.count(scope).await?, self.invitations.count(scope).await?])
    }
}

/// Reads, outside a unit of work and inside.
pub async fn nothing_of_another_tenant_is_read(bench: &Bench) {
    let (one, two) = (estate(bench, "one").await, estate(bench, "two").await);
    let (store, tx) = (&bench.store, bench.begin().await);
    let outside = Doors {
        roles: store.roles(),
        members: store.members(),
        invitations: store.invitations(),
        access: store.access(),
        content: store.tenant_content(),
    };
    let inside = Doors {
        roles: tx.roles(),
        members: tx.members(),
        invitations: tx.invitations(),
        access: tx.access(),
        content: tx.tenant_content(),
    };
    for doors in [outside, inside] {
        for (own, other) in [(&one, &two), (&two, &one)] {
            assert_eq!(doors.shown(own, &own.tenant).await.unwrap().len(), 13, "the owner's own calls");
            assert_eq!(doors.shown(own, &other.tenant).await.unwrap(), Vec::<&str>::new());
            assert_eq!(doors.counts(own.scope()).await.unwrap(), [5, 1, 1]);
        }
    }
}

/// An entry of the trail belongs to the tenant in whose name it was written.
pub async fn the_trail_of_another_tenant_is_not_read(bench: &Bench) {
    let (one, two) = (estate(bench, "one").await, estate(bench, "two").await);
    let entry = AuditEntry { tenant_id: Some(one.tenant.base.id), ..entry("tenants.change", at(1)) };
    bench.commit(async |tx| tx.audit().append(&entry).await).await;
    let seen = async |tenant: &Tenant| {
        let stretch = bench.store.tenant_content().trail(tenant.base.id, 0, 100).await.unwrap();
        stretch.entries.len()
    };
    assert_eq!([seen(&one.tenant).await, seen(&two.tenant).await], [1, 0]);
}

/// Writes in the name of one tenant to what is another's: nothing is changed. Then the owner does it.
pub async fn nothing_of_another_tenant_is_written(bench: &Bench) {
    let (one, two) = (estate(bench, "one").await, estate(bench, "two").await);
    let (own, other, now) = (one.scope(), two.scope(), at(9));
    let uuid = one.invitation.base.uuid;
    let update = async |tx: &dyn Tx, scope| tx.roles().update(scope, &one.role).await;
    let none = async |tx: &dyn Tx, scope| tx.members().set_roles(scope, &one.member, &[], now).await;
    let remove = async |tx: &dyn Tx, scope| tx.members().remove(scope, &one.member, now).await;
    assert_eq!(bench.refused(async |tx| update(tx, other).await).await, Kind::Precondition);
    assert_eq!(bench.refused(async |tx| none(tx, other).await).await, Kind::Precondition);
    assert_eq!(bench.refused(async |tx| remove(tx, other).await).await, Kind::Precondition);
    assert!(!bench.commit(async |tx| tx.invitations().withdraw(other, uuid).await).await);
    let found = bench.store.members().by_user(own, one.user.base.uuid).await.unwrap();
    assert_eq!(found, one.member);
    assert_eq!(bench.store.roles().by_uuid(own, one.role.base.uuid).await.unwrap(), one.role);
    assert_eq!(bench.store.invitations().by_uuid(uuid).await.unwrap(), one.invitation);

    bench.commit(async |tx| update(tx, own).await).await;
    bench.commit(async |tx| remove(tx, own).await).await;
    assert!(bench.commit(async |tx| tx.invitations().withdraw(own, uuid).await).await);

    // What is written anew lands in the tenant that was named, and raises its revision alone.
    let (user, tenants) = (two.user.base.uuid, [one.tenant.base.uuid, two.tenant.base.uuid]);
    let revision = async |tenant| bench.store.access().revisions(user, Some(tenant)).await.unwrap().tenant;
    bench.commit(async |tx| tx.access().bump_policy(own).await).await;
    assert_eq!([revision(tenants[0]).await, revision(tenants[1]).await], [1, 0]);
    let role = |tenant: &Tenant| RoleRow {
        base: base(),
        name: format!("new in {}", tenant.slug),
        system: false,
        description: None,
        permissions: Vec::new(),
        parents: Vec::new(),
    };
    let (new, bare) = ([role(&one.tenant)], tenant());
    bench.commit(async |tx| tx.tenant_content().insert_roles(one.tenant.base.id, &new).await).await;
    bench.commit(async |tx| tx.tenants().insert(&bare).await).await;
    let owner = SystemRole::Owner;
    bench.commit(async |tx| tx.access().insert_system_role(&base(), owner, scope(&bare)).await).await;
    bench.commit(async |tx| tx.members().join(&base(), one.user.base.id, scope(&bare), owner).await).await;
    let counts = async |scope| {
        let (roles, members) = (bench.store.roles(), bench.store.members());
        [roles.count(scope).await.unwrap(), members.count(scope).await.unwrap()]
    };
    assert_eq!(
        [counts(own).await, counts(other).await, counts(scope(&bare)).await],
        [[6, 0], [5, 1], [1, 1]]
    );
    let owners = async |scope| bench.commit(async |tx| tx.members().lock_owners(scope).await).await;
    assert_eq!([owners(other).await, owners(scope(&bare)).await], [vec![], vec![one.user.base.id]]);
}

/// Roles that are another tenant's are given to nobody: `Conflict`, as if they were gone.
pub async fn roles_of_another_tenant_are_not_given(bench: &Bench) {
    let (one, two) = (estate(bench, "one").await, estate(bench, "two").await);
    let (own, ada, id, now) = (one.scope(), user(), one.tenant.base.id, at(9));
    bench.commit(async |tx| tx.users().insert(&ada).await).await;
    let mine = &one.parent;
    for (given, allowed) in [(&two.role, false), (mine, true)] {
        let ids = [given.base.id];
        let heir = Role { parents: vec![link(given)], ..role("heir", &[], &[]) };
        let changed = Role { parents: vec![link(given)], ..one.role.clone() };
        let asked =
            Invitation { base: base(), email: email(), roles: vec![link(given)], ..one.invitation.clone() };
        let moved = [NewMember {
            base: base(),
            status: "active".to_owned(),
            user_id: ada.base.id,
            roles: ids.to_vec(),
        }];
        let sent = [NewInvitation {
            base: base(),
            email: email(),
            invited_by: ada.base.id,
            expires_at: at(100),
            hash: hash(),
            roles: ids.to_vec(),
        }];
        let (secret, new) = (hash(), base());
        let outcome = async |number| {
            let tx = bench.begin().await;
            match number {
                0 => tx.roles().insert(own, &heir).await,
                1 => tx.roles().update(own, &changed).await,
                2 => tx.members().admit(&new, ada.base.id, own, &ids).await,
                3 => tx.members().admit(&new, one.user.base.id, own, &ids).await,
                4 => tx.members().set_roles(own, &one.member, &ids, now).await,
                5 => tx.invitations().insert(&asked, &secret).await,
                6 => tx.tenant_content().insert_members(id, &moved).await,
                7 => tx.tenant_content().insert_invitations(id, &sent).await,
                _ => tx.tenant_content().insert_parents(id, &[(mine.base.id, given.base.id)]).await,
            }
        };
        for number in 0..9 {
            match outcome(number).await {
                Ok(()) => assert!(allowed, "{number}"),
                Err(error) => assert!(!allowed && error.kind() == Kind::Conflict, "{number}: {error:?}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::WALKED;

    /// The methods of a port's source that take a tenant, by trait.
    fn scoped(source: &str) -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        for one in source.split("pub trait ").skip(1) {
            let name: String = one.chars().take_while(|c| c.is_alphanumeric()).collect();
            for method in one.split("async fn ").skip(1) {
                let signature = method.split(';').next().unwrap_or_default();
                if signature.contains("TenantScope") || signature.contains("tenant_id: i64") {
                    let method = signature.split('(').next().unwrap_or_default();
                    found.insert((name.clone(), method.to_owned()));
                }
            }
        }
        found
    }

    #[test]
    fn every_method_that_takes_a_tenant_is_walked() {
        let ports = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ports/src");
        let mut found = BTreeSet::new();
        for file in std::fs::read_dir(ports).unwrap() {
            found.extend(scoped(&std::fs::read_to_string(file.unwrap().path()).unwrap_or_default()));
        }
        let walked = WALKED.iter().flat_map(|(name, methods)| methods.iter().map(|method| (*name, *method)));
        let walked = walked.map(|(name, method)| (name.to_owned(), method.to_owned()));
        assert_eq!(found, walked.collect());
    }
}
