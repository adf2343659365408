//! Who may do what, as it is asked when somebody calls.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::{Base, Permission, Policy, PolicyRole, SystemRole, TenantScope, TenantStatus, UserStatus};
use ports::{AccessQueries, AccessRepo, Error, Kind, Membership, Result, Revisions};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use uuid::Uuid;

use crate::bulk::insert;
use crate::conn::{Conn, Link, Work};
use crate::dialect::statement;
use crate::entity::row_with_base;
use crate::entity::{
    membership_roles, memberships, platform_roles, policies, role_parents, role_permissions, roles, tenants,
    users,
};
use crate::error::During;
use crate::reach::Reach;
use crate::roles::live_in;

/// The only status of a membership that counts.
pub(crate) const ACTIVE: &str = "active";

/// Spelled out: while several processes share the database, nearly every request asks for it.
const REVISIONS: &str = "SELECT u.auth_revision, \
                         COALESCE((SELECT revision FROM policies WHERE scope_id = 0), 0), \
                         COALESCE((SELECT p.revision FROM policies p JOIN tenants t ON t.id = p.scope_id \
                         WHERE t.uuid = $2), 0) \
                         FROM users u WHERE u.uuid = $1 AND u.deleted_at IS NULL";

#[async_trait]
impl<L: Link> AccessQueries for Conn<L> {
    async fn membership(&self, user_id: i64, tenant: Uuid) -> Result<Membership> {
        membership(&self.0, user_id, tenants::Column::Uuid.eq(tenant), "access.membership").await
    }

    async fn membership_by_id(&self, user_id: i64, tenant_id: i64) -> Result<Membership> {
        membership(&self.0, user_id, tenants::Column::Id.eq(tenant_id), "access.membership_by_id").await
    }

    async fn revisions(&self, user: Uuid, tenant: Option<Uuid>) -> Result<Revisions> {
        const OPERATION: &str = "access.revisions";
        let connection = self.0.read();
        let values = [user.into(), tenant.unwrap_or_default().into()];
        let row =
            connection.query_one_raw(statement(connection, REVISIONS, values)).await.during(OPERATION)?;
        let row = row.ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?;
        let at = |index: usize| row.try_get_by(index).during(OPERATION);
        Ok(Revisions { user: at(0)?, platform: at(1)?, tenant: at(2)? })
    }

    async fn roles_of(&self, user_id: i64, scope: TenantScope) -> Result<Vec<i64>> {
        const OPERATION: &str = "access.roles_of";
        let on = self.0.within(scope.into(), OPERATION).await?;
        let held = match scope.tenant_id() {
            None => platform_roles_of(user_id),
            Some(tenant) => member_roles_of(user_id, tenant),
        };
        let query = live_in(scope)
            .select_only()
            .column(roles::Column::Id)
            .filter(roles::Column::Id.in_subquery(held));
        query.into_tuple().all(on).await.during(OPERATION)
    }

    async fn policy(&self, scope: TenantScope) -> Result<Policy> {
        const OPERATION: &str = "access.policy";
        let on = self.0.within(scope.into(), OPERATION).await?;
        let ids = || live_in(scope).select_only().column(roles::Column::Id).into_query();
        let found = live_in(scope).all(on).await.during(OPERATION)?;
        let granted =
            role_permissions::Entity::find().filter(role_permissions::Column::RoleId.in_subquery(ids()));
        let mut stored: HashMap<i64, Vec<Permission>> = HashMap::new();
        for grant in granted.all(on).await.during(OPERATION)? {
            // Less is the safe side.
            stored.entry(grant.role_id).or_default().extend(Permission::parse(&grant.permission).ok());
        }
        let inherited = role_parents::Entity::find().filter(role_parents::Column::RoleId.in_subquery(ids()));
        let mut parents: HashMap<i64, Vec<i64>> = HashMap::new();
        for link in inherited.all(on).await.during(OPERATION)? {
            parents.entry(link.role_id).or_default().push(link.parent_id);
        }
        let role = |row: roles::Model| PolicyRole {
            id: row.id,
            system: row.system.then(|| SystemRole::named(&row.name)).flatten(),
            stored: stored.remove(&row.id).unwrap_or_default(),
            parents: parents.remove(&row.id).unwrap_or_default(),
        };
        Ok(Policy { scope, roles: found.into_iter().map(role).collect() })
    }
}

#[async_trait]
impl AccessRepo for Conn<Work> {
    async fn bump_policy(&self, scope: TenantScope) -> Result<()> {
        let row = policies::Model { scope_id: scope.tenant_id().unwrap_or_default(), revision: 1 };
        let next = Expr::col((policies::Entity, policies::Column::Revision)).add(1);
        let again =
            OnConflict::column(policies::Column::ScopeId).value(policies::Column::Revision, next).to_owned();
        let insert = policies::Entity::insert(row.into_active_model()).on_conflict(again);
        insert.exec_without_returning(self.0.write()).await.during("access.bump_policy")?;
        self.0.raised().policy(scope);
        Ok(())
    }

    async fn insert_system_role(&self, base: &Base, role: SystemRole, scope: TenantScope) -> Result<()> {
        const OPERATION: &str = "access.insert_system_role";
        let on = self.0.within(scope.into(), OPERATION).await?;
        let row = system_role(base, role, scope.tenant_id()).into_active_model();
        roles::Entity::insert(row).exec_without_returning(on).await.during(OPERATION)?;
        Ok(())
    }

    async fn lock_holders_of_platform_role(&self, role: SystemRole) -> Result<Vec<i64>> {
        const OPERATION: &str = "access.lock_holders_of_platform_role";
        let role_id = self.system_role(role, TenantScope::Platform, OPERATION).await?;
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
        let role_id = self.system_role(role, TenantScope::Platform, OPERATION).await?;
        let link = platform_roles::Model { user_id, role_id }.into_active_model();
        let key = [platform_roles::Column::UserId, platform_roles::Column::RoleId];
        let insert = platform_roles::Entity::insert(link).on_conflict_do_nothing_on(key);
        insert.exec_without_returning(self.0.write()).await.during(OPERATION)?;
        Ok(())
    }

    async fn set_platform_roles(&self, user_id: i64, roles: &[i64]) -> Result<()> {
        const OPERATION: &str = "access.set_platform_roles";
        let former = platform_roles::Entity::delete_many().filter(platform_roles::Column::UserId.eq(user_id));
        former.exec(self.0.write()).await.during(OPERATION)?;
        let link = |role: &i64| platform_roles::Model { user_id, role_id: *role };
        insert::<platform_roles::Entity>(&self.0, roles.iter().map(link).collect(), OPERATION).await
    }
}

impl Conn<Work> {
    /// The id of a system role.
    pub(crate) async fn system_role(
        &self,
        role: SystemRole,
        scope: TenantScope,
        operation: &'static str,
    ) -> Result<i64> {
        let query = live_in(scope)
            .select_only()
            .column(roles::Column::Id)
            .filter(roles::Column::Name.eq(role.name()))
            .filter(roles::Column::System.eq(true));
        let on = self.0.within(scope.into(), operation).await?;
        let id = query.into_tuple().one(on).await.during(operation)?;
        id.ok_or_else(|| Error::new(Kind::NotFound, operation))
    }
}

/// The row of a system role. What it grants is not stored.
pub(crate) fn system_role(base: &Base, role: SystemRole, tenant_id: Option<i64>) -> roles::Model {
    row_with_base!(roles::Model, *base, {
        tenant_id: tenant_id,
        name: role.name().to_owned(),
        system: true,
        description: None,
    })
}

/// The tenant, if it is one of the user's.
async fn membership(
    link: &impl Link,
    user_id: i64,
    which: Expr,
    operation: &'static str,
) -> Result<Membership> {
    let query = tenants::Entity::find()
        .select_only()
        .columns([tenants::Column::Id, tenants::Column::Uuid, tenants::Column::RequiresMfa])
        .filter(which)
        .filter(tenants::Column::DeletedAt.is_null())
        .filter(tenants::Column::Status.eq(TenantStatus::Active.as_str()))
        .filter(tenants::Column::Id.in_subquery(tenants_of(user_id)));
    let on = link.within(Reach::Lookup, operation).await?;
    let found: Option<(i64, Uuid, bool)> = query.into_tuple().one(on).await.during(operation)?;
    let (id, uuid, requires_mfa) = found.ok_or_else(|| Error::new(Kind::NotFound, operation))?;
    Ok(Membership { scope: TenantScope::Tenant { id, uuid }, requires_mfa })
}

/// Ids of the tenants that a user belongs to.
pub(crate) fn tenants_of(user_id: i64) -> SelectStatement {
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
pub(crate) fn platform_roles_of(user_id: i64) -> SelectStatement {
    Query::select()
        .column(platform_roles::Column::RoleId)
        .from(platform_roles::Entity)
        .and_where(platform_roles::Column::UserId.eq(user_id))
        .to_owned()
}
