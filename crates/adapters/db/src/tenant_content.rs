//! A tenant as a whole, in batches.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use domain::{DisplayName, Email, UserStatus};
use ports::{
    Identified, MemberRow, NewMember, Result, RoleRow, TenantContentQueries, TenantContentRepo, TrailStretch,
};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::audit::entries_of;
use crate::bulk::insert;
use crate::conn::{Conn, Link, Work};
use crate::entity::{audit_entries, membership_roles, memberships, role_permissions, roles, users};
use crate::entity::{base_of, row_with_base};
use crate::error::{During, unreadable};
use crate::paging::bounded;

#[async_trait]
impl<L: Link> TenantContentQueries for Conn<L> {
    async fn roles(&self, tenant_id: i64, after: i64, limit: u64) -> Result<Vec<RoleRow>> {
        const OPERATION: &str = "tenant_content.roles";
        let found = roles::Entity::find()
            .filter(roles::Column::TenantId.eq(tenant_id))
            .filter(roles::Column::DeletedAt.is_null())
            .filter(roles::Column::Id.gt(after))
            .order_by_asc(roles::Column::Id)
            .limit(bounded(limit));
        let found = found.all(self.0.read()).await.during(OPERATION)?;
        let granted = role_permissions::Entity::find()
            .filter(role_permissions::Column::RoleId.is_in(found.iter().map(|role| role.id)));
        let mut permissions: HashMap<i64, Vec<String>> = HashMap::new();
        for grant in granted.all(self.0.read()).await.during(OPERATION)? {
            permissions.entry(grant.role_id).or_default().push(grant.permission);
        }
        let row = |role: roles::Model| {
            let mut permissions = permissions.remove(&role.id).unwrap_or_default();
            permissions.sort_unstable();
            RoleRow { base: base_of!(role), name: role.name, system: role.system, permissions }
        };
        Ok(found.into_iter().map(row).collect())
    }

    async fn members(&self, tenant_id: i64, after: i64, limit: u64) -> Result<Vec<MemberRow>> {
        const OPERATION: &str = "tenant_content.members";
        // Asked of each row: a set of all who live would be made anew for every batch.
        let of_member = Expr::col((users::Entity, users::Column::Id))
            .equals((memberships::Entity, memberships::Column::UserId));
        let living = Query::select()
            .expr(Expr::val(1))
            .from(users::Entity)
            .and_where(of_member)
            .and_where(live_user())
            .to_owned();
        let found = memberships::Entity::find()
            .filter(memberships::Column::TenantId.eq(tenant_id))
            .filter(memberships::Column::DeletedAt.is_null())
            .filter(memberships::Column::Id.gt(after))
            .filter(Expr::exists(living))
            .order_by_asc(memberships::Column::Id)
            .limit(bounded(limit));
        let found = found.all(self.0.read()).await.during(OPERATION)?;
        let people = users::Entity::find()
            .filter(users::Column::Id.is_in(found.iter().map(|member| member.user_id)))
            .filter(live_user());
        let people = people.all(self.0.read()).await.during(OPERATION)?;
        let people: HashMap<i64, users::Model> = people.into_iter().map(|user| (user.id, user)).collect();
        let mut roles = self.roles_of(tenant_id, &found, OPERATION).await?;
        // Whoever was deleted between two of the statements is a member no more.
        let present = found.into_iter().filter_map(|member| {
            let roles = roles.remove(&member.id).unwrap_or_default();
            people.get(&member.user_id).map(|user| member_of(member, user, roles, OPERATION))
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
        let on = self.0.read();
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
                description: None,
            })
        };
        let grants = roles.iter().flat_map(|role| {
            let grant = |permission: &String| role_permissions::Model {
                role_id: role.base.id,
                permission: permission.clone(),
            };
            role.permissions.iter().map(grant)
        });
        insert::<roles::Entity>(&self.0, roles.iter().map(row).collect(), OPERATION).await?;
        insert::<role_permissions::Entity>(&self.0, grants.collect(), OPERATION).await
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
        insert::<memberships::Entity>(&self.0, members.iter().map(row).collect(), OPERATION).await?;
        insert::<membership_roles::Entity>(&self.0, links.collect(), OPERATION).await
    }
}

impl<L: Link> Conn<L> {
    /// The roles of each membership, sorted.
    async fn roles_of(
        &self,
        tenant_id: i64,
        members: &[memberships::Model],
        operation: &'static str,
    ) -> Result<HashMap<i64, Vec<i64>>> {
        let own = Query::select()
            .column(roles::Column::Id)
            .from(roles::Entity)
            .and_where(roles::Column::TenantId.eq(tenant_id))
            .and_where(roles::Column::DeletedAt.is_null())
            .to_owned();
        let links = membership_roles::Entity::find()
            .filter(membership_roles::Column::MembershipId.is_in(members.iter().map(|member| member.id)))
            .filter(membership_roles::Column::RoleId.in_subquery(own))
            .order_by_asc(membership_roles::Column::RoleId);
        let mut found: HashMap<i64, Vec<i64>> = HashMap::new();
        for link in links.all(self.0.read()).await.during(operation)? {
            found.entry(link.membership_id).or_default().push(link.role_id);
        }
        Ok(found)
    }
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
