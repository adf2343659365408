//! A tenant as a whole, in batches.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use domain::{DisplayName, Email, UserStatus};
use ports::{
    Error, Identified, InvitationRow, Kind, MemberRow, NewInvitation, NewMember, Result, RoleRow,
    TenantContentQueries, TenantContentRepo, TrailStretch,
};
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Order, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::audit::entries_of;
use crate::bulk::insert;
use crate::conn::{Conn, Link, Work};
use crate::entity::{
    audit_entries, invitation_roles, invitations, membership_roles, memberships, role_parents,
    role_permissions, roles, users,
};
use crate::entity::{base_of, row_with_base};
use crate::error::{During, unreadable};
use crate::paging::bounded;
use crate::reach::Reach;
use crate::roles::RoleTable;

#[async_trait]
impl<L: Link> TenantContentQueries for Conn<L> {
    async fn roles(&self, tenant_id: i64, after: i64, limit: u64) -> Result<Vec<RoleRow>> {
        const OPERATION: &str = "tenant_content.roles";
        let on = self.0.within(Reach::Tenant(tenant_id), OPERATION).await?;
        let found = roles::Entity::find()
            .filter(roles::Column::TenantId.eq(tenant_id))
            .filter(roles::Column::DeletedAt.is_null())
            .filter(roles::Column::Id.gt(after))
            .order_by_asc(roles::Column::Id)
            .limit(bounded(limit));
        let found = found.all(on).await.during(OPERATION)?;
        let granted = role_permissions::Entity::find()
            .filter(role_permissions::Column::RoleId.is_in(found.iter().map(|role| role.id)));
        let mut permissions: HashMap<i64, Vec<String>> = HashMap::new();
        for grant in granted.all(on).await.during(OPERATION)? {
            permissions.entry(grant.role_id).or_default().push(grant.permission);
        }
        let ids = found.iter().map(|role| role.id).collect();
        let mut parents = roles_of(on, tenant_id, &PARENTS, ids, OPERATION).await?;
        let row = |role: roles::Model| {
            let mut permissions = permissions.remove(&role.id).unwrap_or_default();
            permissions.sort_unstable();
            RoleRow {
                parents: parents.remove(&role.id).unwrap_or_default(),
                base: base_of!(role),
                name: role.name,
                description: role.description,
                system: role.system,
                permissions,
            }
        };
        Ok(found.into_iter().map(row).collect())
    }

    async fn members(&self, tenant_id: i64, after: i64, limit: u64) -> Result<Vec<MemberRow>> {
        const OPERATION: &str = "tenant_content.members";
        let on = self.0.within(Reach::Tenant(tenant_id), OPERATION).await?;
        let found = memberships::Entity::find()
            .filter(memberships::Column::TenantId.eq(tenant_id))
            .filter(memberships::Column::DeletedAt.is_null())
            .filter(memberships::Column::Id.gt(after))
            .filter(lives((memberships::Entity, memberships::Column::UserId)))
            .order_by_asc(memberships::Column::Id)
            .limit(bounded(limit));
        let found = found.all(on).await.during(OPERATION)?;
        let people = people(on, found.iter().map(|member| member.user_id), OPERATION).await?;
        let ids = found.iter().map(|member| member.id).collect();
        let mut roles = roles_of(on, tenant_id, &MEMBERS, ids, OPERATION).await?;
        // Whoever was deleted between two of the statements is a member no more.
        let present = found.into_iter().filter_map(|member| {
            let roles = roles.remove(&member.id).unwrap_or_default();
            people.get(&member.user_id).map(|user| member_of(member, user, roles, OPERATION))
        });
        present.collect()
    }

    async fn invitations(&self, tenant_id: i64, after: i64, limit: u64) -> Result<Vec<InvitationRow>> {
        const OPERATION: &str = "tenant_content.invitations";
        use invitations::{Column, Entity};
        let on = self.0.within(Reach::Tenant(tenant_id), OPERATION).await?;
        let found = Entity::find()
            .filter(Column::TenantId.eq(tenant_id))
            .filter(Column::Id.gt(after))
            .filter(lives((Entity, Column::InvitedBy)))
            .order_by_asc(Column::Id)
            .limit(bounded(limit));
        let found = found.all(on).await.during(OPERATION)?;
        let people = people(on, found.iter().map(|invitation| invitation.invited_by), OPERATION).await?;
        let ids = found.iter().map(|invitation| invitation.id).collect();
        let mut roles = roles_of(on, tenant_id, &INVITED, ids, OPERATION).await?;
        let present = found.into_iter().filter_map(|invitation| {
            let roles = roles.remove(&invitation.id).unwrap_or_default();
            let host = people.get(&invitation.invited_by)?;
            Some(invitation_of(invitation, host, roles, OPERATION))
        });
        present.collect()
    }

    async fn trail(&self, tenant_id: i64, after: i64, limit: u64) -> Result<TrailStretch> {
        const OPERATION: &str = "tenant_content.trail";
        use audit_entries::{Column, Entity};
        // Along the primary key: the trail has no index by tenant, and each row is looked at once.
        let last = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.gt(after))
            .order_by_asc(Column::Id)
            .offset(bounded(limit).saturating_sub(1))
            .limit(1);
        let next: Option<i64> = last.into_tuple().one(self.0.read()).await.during(OPERATION)?;
        let mut rows = Entity::find()
            .filter(Column::Id.gt(after))
            .filter(Column::TenantId.eq(tenant_id))
            .order_by_asc(Column::Id);
        if let Some(next) = next {
            rows = rows.filter(Column::Id.lte(next));
        }
        let rows = rows.all(self.0.read()).await.during(OPERATION)?;
        Ok(TrailStretch { entries: entries_of(&self.0, rows, OPERATION).await?, next })
    }

    async fn users_at(&self, addresses: &[Email]) -> Result<Vec<(Email, i64)>> {
        const OPERATION: &str = "tenant_content.users_at";
        let query = users::Entity::find()
            .select_only()
            .columns([users::Column::Email, users::Column::Id])
            .filter(users::Column::Email.is_in(addresses.iter().map(Email::as_str)))
            .filter(live_user());
        let found: Vec<(String, i64)> = query.into_tuple().all(self.0.read()).await.during(OPERATION)?;
        found.into_iter().map(|(email, id)| Ok((address(&email, OPERATION)?, id))).collect()
    }

    async fn taken(&self, of: Identified, ids: &[(i64, Uuid)]) -> Result<Vec<i64>> {
        const OPERATION: &str = "tenant_content.taken";
        let (table, public) = match of {
            Identified::Tenants => ("tenants", true),
            Identified::Roles => ("roles", true),
            Identified::Memberships => ("memberships", true),
            Identified::Users => ("users", true),
            Identified::AuditEntries => ("audit_entries", false),
        };
        let on = self.0.within(Reach::Lookup, OPERATION).await?;
        let query = having(table, "id", ids.iter().map(|(id, _)| *id));
        let rows = on.query_all(&query).await.during(OPERATION)?;
        let mut taken: HashSet<i64> =
            rows.iter().map(|row| row.try_get("", "id").during(OPERATION)).collect::<Result<_>>()?;
        if public {
            let query = having(table, "uuid", ids.iter().map(|(_, uuid)| *uuid));
            let rows = on.query_all(&query).await.during(OPERATION)?;
            let uuids: HashSet<Uuid> =
                rows.iter().map(|row| row.try_get("", "uuid").during(OPERATION)).collect::<Result<_>>()?;
            taken.extend(ids.iter().filter(|(_, uuid)| uuids.contains(uuid)).map(|(id, _)| *id));
        }
        Ok(taken.into_iter().collect())
    }
}

#[async_trait]
impl TenantContentRepo for Conn<Work> {
    async fn insert_roles(&self, tenant_id: i64, roles: &[RoleRow]) -> Result<()> {
        const OPERATION: &str = "tenant_content.insert_roles";
        let row = |role: &RoleRow| {
            row_with_base!(roles::Model, role.base, {
                tenant_id: Some(tenant_id),
                name: role.name.clone(),
                system: role.system,
                description: role.description.clone(),
            })
        };
        let grants = roles.iter().flat_map(|role| {
            let grant = |permission: &String| role_permissions::Model {
                role_id: role.base.id,
                permission: permission.clone(),
            };
            role.permissions.iter().map(grant)
        });
        self.0.within(Reach::Tenant(tenant_id), OPERATION).await?;
        insert::<roles::Entity>(&self.0, roles.iter().map(row).collect(), OPERATION).await?;
        insert::<role_permissions::Entity>(&self.0, grants.collect(), OPERATION).await
    }

    async fn insert_parents(&self, tenant_id: i64, links: &[(i64, i64)]) -> Result<()> {
        const OPERATION: &str = "tenant_content.insert_parents";
        let link = |(role_id, parent_id): &(i64, i64)| role_parents::Model {
            role_id: *role_id,
            parent_id: *parent_id,
        };
        let named = links.iter().flat_map(|(role, parent)| [*role, *parent]).collect();
        self.admit_roles(tenant_id, named, OPERATION).await?;
        insert::<role_parents::Entity>(&self.0, links.iter().map(link).collect(), OPERATION).await
    }

    async fn insert_members(&self, tenant_id: i64, members: &[NewMember]) -> Result<()> {
        const OPERATION: &str = "tenant_content.insert_members";
        let row = |member: &NewMember| {
            row_with_base!(memberships::Model, member.base, {
                tenant_id: tenant_id,
                user_id: member.user_id,
                status: member.status.clone(),
            })
        };
        let links = members.iter().flat_map(|member| {
            let link = |role: &i64| membership_roles::Model { membership_id: member.base.id, role_id: *role };
            member.roles.iter().map(link)
        });
        let given = members.iter().flat_map(|member| member.roles.iter().copied()).collect();
        self.admit_roles(tenant_id, given, OPERATION).await?;
        insert::<memberships::Entity>(&self.0, members.iter().map(row).collect(), OPERATION).await?;
        insert::<membership_roles::Entity>(&self.0, links.collect(), OPERATION).await
    }

    async fn insert_invitations(&self, tenant_id: i64, invitations: &[NewInvitation]) -> Result<()> {
        const OPERATION: &str = "tenant_content.insert_invitations";
        let row = |invitation: &NewInvitation| {
            row_with_base!(invitations::Model, invitation.base, {
                tenant_id: tenant_id,
                email: invitation.email.to_string(),
                invited_by: invitation.invited_by,
                expires_at: invitation.expires_at,
                hash: invitation.hash.clone(),
            })
        };
        let links = invitations.iter().flat_map(|invitation| {
            let link =
                |role: &i64| invitation_roles::Model { invitation_id: invitation.base.id, role_id: *role };
            invitation.roles.iter().map(link)
        });
        let given = invitations.iter().flat_map(|invitation| invitation.roles.iter().copied()).collect();
        self.admit_roles(tenant_id, given, OPERATION).await?;
        insert::<invitations::Entity>(&self.0, invitations.iter().map(row).collect(), OPERATION).await?;
        insert::<invitation_roles::Entity>(&self.0, links.collect(), OPERATION).await
    }
}

const PARENTS: RoleTable = RoleTable { name: "role_parents", holder: "role_id", role: "parent_id" };
const MEMBERS: RoleTable = RoleTable { name: "membership_roles", holder: "membership_id", role: "role_id" };
const INVITED: RoleTable = RoleTable { name: "invitation_roles", holder: "invitation_id", role: "role_id" };

impl Conn<Work> {
    /// Lets rows of the tenant be written that name these roles: all of them are its own.
    async fn admit_roles(&self, tenant_id: i64, ids: HashSet<i64>, operation: &'static str) -> Result<()> {
        let on = self.0.within(Reach::Tenant(tenant_id), operation).await?;
        let own = roles::Entity::find()
            .filter(roles::Column::Id.is_in(ids.iter().copied()))
            .filter(roles::Column::TenantId.eq(tenant_id));
        let known = own.count(on).await.during(operation)?;
        if known == ids.len() as u64 { Ok(()) } else { Err(Error::new(Kind::Conflict, operation)) }
    }
}

/// The roles of each of these, sorted.
async fn roles_of(
    on: &impl ConnectionTrait,
    tenant_id: i64,
    table: &RoleTable,
    holders: Vec<i64>,
    operation: &'static str,
) -> Result<HashMap<i64, Vec<i64>>> {
    let own = Query::select()
        .column(roles::Column::Id)
        .from(roles::Entity)
        .and_where(roles::Column::TenantId.eq(tenant_id))
        .and_where(roles::Column::DeletedAt.is_null())
        .to_owned();
    let links = Query::select()
        .columns([table.holder, table.role])
        .from(table.name)
        .and_where(Expr::col(table.holder).is_in(holders))
        .and_where(Expr::col(table.role).in_subquery(own))
        .order_by(table.role, Order::Asc)
        .to_owned();
    let mut found: HashMap<i64, Vec<i64>> = HashMap::new();
    for row in on.query_all(&links).await.during(operation)? {
        let holder = row.try_get_by(0).during(operation)?;
        found.entry(holder).or_default().push(row.try_get_by(1).during(operation)?);
    }
    Ok(found)
}

/// The live ones among these users, by their internal ids.
async fn people(
    on: &impl ConnectionTrait,
    ids: impl Iterator<Item = i64> + Send,
    operation: &'static str,
) -> Result<HashMap<i64, users::Model>> {
    let people = users::Entity::find().filter(users::Column::Id.is_in(ids)).filter(live_user());
    let people = people.all(on).await.during(operation)?;
    Ok(people.into_iter().map(|user| (user.id, user)).collect())
}

/// Whether the user that a row names lives. Asked of each row: a set of all who live would be made anew for every batch.
fn lives(reference: impl IntoColumnRef) -> Expr {
    let same = Expr::col((users::Entity, users::Column::Id)).equals(reference);
    let mut living = Query::select();
    living.expr(Expr::val(1)).from(users::Entity).and_where(same).and_where(live_user());
    Expr::exists(living)
}

fn live_user() -> Expr {
    users::Column::DeletedAt.is_null()
}

fn member_of(
    member: memberships::Model,
    user: &users::Model,
    roles: Vec<i64>,
    operation: &'static str,
) -> Result<MemberRow> {
    let (email, display_name) = person_of(user, operation)?;
    Ok(MemberRow {
        base: base_of!(member),
        status: member.status,
        user: user.uuid,
        email,
        display_name,
        locked: UserStatus::from_stored(&user.status) == UserStatus::Locked,
        roles,
    })
}

fn invitation_of(
    invitation: invitations::Model,
    host: &users::Model,
    roles: Vec<i64>,
    operation: &'static str,
) -> Result<InvitationRow> {
    Ok(InvitationRow {
        email: address(&invitation.email, operation)?,
        invited_by: address(&host.email, operation)?,
        expires_at: invitation.expires_at,
        base: base_of!(invitation),
        roles,
    })
}

/// Address and name of a member.
pub(crate) fn person_of(
    user: &users::Model,
    operation: &'static str,
) -> Result<(Email, Option<DisplayName>)> {
    let display_name = user.display_name.as_deref().map(DisplayName::parse).transpose();
    let display_name = display_name.map_err(|_| unreadable(operation, "display name"))?;
    Ok((address(&user.email, operation)?, display_name))
}

fn address(text: &str, operation: &'static str) -> Result<Email> {
    Email::parse(text).map_err(|_| unreadable(operation, "e-mail address"))
}

/// The rows with one of these values in a unique column.
fn having<V: Into<sea_orm::Value>>(
    table: &'static str,
    column: &'static str,
    values: impl Iterator<Item = V>,
) -> SelectStatement {
    Query::select()
        .column(column)
        .from(table)
        .and_where(Expr::col(column).is_in(values.map(|value| Expr::val(value.into()))))
        .order_by(column, Order::Asc)
        .to_owned()
}
