//! Tenants, memberships, roles and what they grant.

use async_trait::async_trait;
use domain::{Base, Permission, SystemRole, Tenant, TenantScope, UserStatus};
use ports::{AccessQueries, AccessRepo, Error, Kind, Result};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, JoinType, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::conn::{Conn, Link, Work};
use crate::entity::{base_of, row_with_base};
use crate::entity::{membership_roles, memberships, platform_roles, role_permissions, roles, tenants, users};
use crate::error::During;

/// The only status of a membership that counts.
pub(crate) const ACTIVE: &str = "active";

#[async_trait]
impl<L: Link> AccessQueries for Conn<L> {
    async fn membership(&self, user_id: i64, tenant: Uuid) -> Result<TenantScope> {
        scope_of(&self.0, user_id, tenants::Column::Uuid.eq(tenant), "access.membership").await
    }

    async fn membership_by_id(&self, user_id: i64, tenant_id: i64) -> Result<TenantScope> {
        scope_of(&self.0, user_id, tenants::Column::Id.eq(tenant_id), "access.membership_by_id").await
    }

    async fn grants(&self, user_id: i64, scope: TenantScope) -> Result<Vec<Permission>> {
        let of_platform = Expr::col((roles::Entity, roles::Column::TenantId))
            .is_null()
            .and(Expr::col((roles::Entity, roles::Column::Id)).in_subquery(platform_roles_of(user_id)));
        let granting = match scope.tenant_id() {
            None => of_platform,
            Some(tenant) => of_platform.or(roles::Column::TenantId
                .eq(tenant)
                .and(roles::Column::Id.in_subquery(member_roles_of(user_id, tenant)))),
        };
        let query = Query::select()
            .distinct()
            .column((role_permissions::Entity, role_permissions::Column::Permission))
            .from(role_permissions::Entity)
            .join(
                JoinType::InnerJoin,
                roles::Entity,
                Expr::col((roles::Entity, roles::Column::Id))
                    .equals((role_permissions::Entity, role_permissions::Column::RoleId)),
            )
            .and_where(roles::Column::DeletedAt.is_null())
            .and_where(granting)
            .to_owned();
        let rows =
            sea_orm::ConnectionTrait::query_all(self.0.read(), &query).await.during("access.grants")?;
        let texts: std::result::Result<Vec<String>, _> = rows.iter().map(|row| row.try_get_by(0)).collect();
        // A grant of a form that only a newer version knows is left out: less is the safe side.
        Ok(texts.during("access.grants")?.iter().filter_map(|text| Permission::parse(text).ok()).collect())
    }

    async fn tenant_by_slug(&self, slug: &str) -> Result<Tenant> {
        tenant(&self.0, tenants::Column::Slug.eq(slug), "access.tenant_by_slug").await
    }

    async fn tenant_by_uuid(&self, uuid: Uuid) -> Result<Tenant> {
        tenant(&self.0, tenants::Column::Uuid.eq(uuid), "access.tenant_by_uuid").await
    }
}

#[async_trait]
impl AccessRepo for Conn<Work> {
    async fn insert_tenant(&self, tenant: &Tenant) -> Result<()> {
        let row = row_with_base!(tenants::Model, tenant.base, {
            name: tenant.name.clone(),
            slug: tenant.slug.clone(),
        });
        let insert = tenants::Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("access.insert_tenant")?;
        Ok(())
    }

    async fn insert_system_role(&self, base: &Base, role: SystemRole, scope: TenantScope) -> Result<()> {
        const OPERATION: &str = "access.insert_system_role";
        let row = row_with_base!(roles::Model, *base, {
            tenant_id: scope.tenant_id(),
            name: role.name().to_owned(),
            system: true,
        });
        let insert = roles::Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during(OPERATION)?;
        let grants = role.grants().iter().map(|grant| {
            role_permissions::Model { role_id: base.id, permission: (*grant).to_owned() }.into_active_model()
        });
        let insert = role_permissions::Entity::insert_many(grants);
        insert.exec_without_returning(self.0.write()).await.during(OPERATION)?;
        Ok(())
    }

    async fn join(&self, base: &Base, user_id: i64, scope: TenantScope, role: SystemRole) -> Result<()> {
        const OPERATION: &str = "access.join";
        let tenant_id = scope.tenant_id().ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?;
        let role_id = self.system_role(role, Some(tenant_id), OPERATION).await?;
        let row = row_with_base!(memberships::Model, *base, {
            tenant_id: tenant_id,
            user_id: user_id,
            status: ACTIVE.to_owned(),
        });
        let already = OnConflict::columns([memberships::Column::UserId, memberships::Column::TenantId])
            .target_and_where(Expr::col(memberships::Column::DeletedAt).is_null())
            .do_nothing_on([memberships::Column::Id])
            .to_owned();
        let insert = memberships::Entity::insert(row.into_active_model()).on_conflict(already);
        insert.exec_without_returning(self.0.write()).await.during(OPERATION)?;
        let membership_id = self.membership_id(user_id, tenant_id, OPERATION).await?;
        let link = membership_roles::Model { membership_id, role_id }.into_active_model();
        let key = [membership_roles::Column::MembershipId, membership_roles::Column::RoleId];
        let insert = membership_roles::Entity::insert(link).on_conflict_do_nothing_on(key);
        insert.exec_without_returning(self.0.write()).await.during(OPERATION)?;
        Ok(())
    }

    async fn lock_holders_of_platform_role(&self, role: SystemRole) -> Result<Vec<i64>> {
        const OPERATION: &str = "access.lock_holders_of_platform_role";
        let role_id = self.system_role(role, None, OPERATION).await?;
        let holders = Query::select()
            .column(platform_roles::Column::UserId)
            .from(platform_roles::Entity)
            .and_where(platform_roles::Column::RoleId.eq(role_id))
            .to_owned();
        // The users' rows are what a deletion or a lock changes; always in the same order, so that nobody waits in
        // a circle.
        let query = users::Entity::find()
            .select_only()
            .column(users::Column::Id)
            .filter(users::Column::Id.in_subquery(holders))
            .filter(users::Column::DeletedAt.is_null())
            .filter(users::Column::Status.eq(UserStatus::Active.as_str()))
            .order_by_asc(users::Column::Id)
            .lock_exclusive();
        query.into_tuple().all(self.0.write()).await.during(OPERATION)
    }

    async fn assign_platform_role(&self, user_id: i64, role: SystemRole) -> Result<()> {
        const OPERATION: &str = "access.assign_platform_role";
        let role_id = self.system_role(role, None, OPERATION).await?;
        let link = platform_roles::Model { user_id, role_id }.into_active_model();
        let key = [platform_roles::Column::UserId, platform_roles::Column::RoleId];
        let insert = platform_roles::Entity::insert(link).on_conflict_do_nothing_on(key);
        insert.exec_without_returning(self.0.write()).await.during(OPERATION)?;
        Ok(())
    }
}

impl Conn<Work> {
    async fn system_role(
        &self,
        role: SystemRole,
        tenant: Option<i64>,
        operation: &'static str,
    ) -> Result<i64> {
        let of_scope = match tenant {
            None => roles::Column::TenantId.is_null(),
            Some(tenant) => roles::Column::TenantId.eq(tenant),
        };
        let query = roles::Entity::find()
            .select_only()
            .column(roles::Column::Id)
            .filter(of_scope)
            .filter(roles::Column::Name.eq(role.name()))
            .filter(roles::Column::System.eq(true))
            .filter(roles::Column::DeletedAt.is_null());
        let id = query.into_tuple().one(self.0.read()).await.during(operation)?;
        id.ok_or_else(|| Error::new(Kind::NotFound, operation))
    }

    async fn membership_id(&self, user_id: i64, tenant_id: i64, operation: &'static str) -> Result<i64> {
        let query = memberships::Entity::find()
            .select_only()
            .column(memberships::Column::Id)
            .filter(memberships::Column::UserId.eq(user_id))
            .filter(memberships::Column::TenantId.eq(tenant_id))
            .filter(memberships::Column::DeletedAt.is_null());
        let id = query.into_tuple().one(self.0.read()).await.during(operation)?;
        id.ok_or_else(|| Error::new(Kind::NotFound, operation))
    }
}

/// A tenant that is not gone.
async fn tenant(link: &impl Link, which: Expr, operation: &'static str) -> Result<Tenant> {
    let query = tenants::Entity::find().filter(which).filter(tenants::Column::DeletedAt.is_null());
    let row = query.one(link.read()).await.during(operation)?;
    let row = row.ok_or_else(|| Error::new(Kind::NotFound, operation))?;
    Ok(Tenant { base: base_of!(row), name: row.name, slug: row.slug })
}

/// The tenant, if it is one of the user's.
async fn scope_of(
    link: &impl Link,
    user_id: i64,
    which: Expr,
    operation: &'static str,
) -> Result<TenantScope> {
    let query = tenants::Entity::find()
        .select_only()
        .columns([tenants::Column::Id, tenants::Column::Uuid])
        .filter(which)
        .filter(tenants::Column::DeletedAt.is_null())
        .filter(tenants::Column::Id.in_subquery(tenants_of(user_id)));
    let found: Option<(i64, Uuid)> = query.into_tuple().one(link.read()).await.during(operation)?;
    let (id, uuid) = found.ok_or_else(|| Error::new(Kind::NotFound, operation))?;
    Ok(TenantScope::Tenant { id, uuid })
}

/// Ids of the tenants that a user belongs to.
fn tenants_of(user_id: i64) -> SelectStatement {
    Query::select()
        .column(memberships::Column::TenantId)
        .from(memberships::Entity)
        .and_where(memberships::Column::UserId.eq(user_id))
        .and_where(memberships::Column::Status.eq(ACTIVE))
        .and_where(memberships::Column::DeletedAt.is_null())
        .to_owned()
}

/// Ids of the roles that a user has in a tenant.
fn member_roles_of(user_id: i64, tenant_id: i64) -> SelectStatement {
    let membership = Query::select()
        .column(memberships::Column::Id)
        .from(memberships::Entity)
        .and_where(memberships::Column::UserId.eq(user_id))
        .and_where(memberships::Column::TenantId.eq(tenant_id))
        .and_where(memberships::Column::Status.eq(ACTIVE))
        .and_where(memberships::Column::DeletedAt.is_null())
        .and_where(memberships::Column::TenantId.in_subquery(live_tenant(tenant_id)))
        .to_owned();
    Query::select()
        .column(membership_roles::Column::RoleId)
        .from(membership_roles::Entity)
        .and_where(membership_roles::Column::MembershipId.in_subquery(membership))
        .to_owned()
}

/// The tenant's id, unless it is gone.
fn live_tenant(tenant_id: i64) -> SelectStatement {
    Query::select()
        .column(tenants::Column::Id)
        .from(tenants::Entity)
        .and_where(tenants::Column::Id.eq(tenant_id))
        .and_where(tenants::Column::DeletedAt.is_null())
        .to_owned()
}

/// Ids of the platform's roles that a user has.
fn platform_roles_of(user_id: i64) -> SelectStatement {
    Query::select()
        .column(platform_roles::Column::RoleId)
        .from(platform_roles::Entity)
        .and_where(platform_roles::Column::UserId.eq(user_id))
        .to_owned()
}
