//! Roles, of tenants and of the platform.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::{Permission, Role, RoleLink, RoleName, TenantScope};
use ports::{Error, Kind, Page, PageOf, Result, RoleQueries, RoleRepo};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, JoinType, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, Select,
};
use uuid::Uuid;

use crate::access::platform_roles_of;
use crate::bulk::insert;
use crate::conn::{Conn, Link, Work};
use crate::entity::roles::{Column, Entity, Model};
use crate::entity::{base_of, row_with_base};
use crate::entity::{invitation_roles, membership_roles, platform_roles, role_parents, role_permissions};
use crate::error::{During, unreadable};
use crate::paging::{Listed, count, page};

#[async_trait]
impl<L: Link> RoleQueries for Conn<L> {
    async fn by_uuid(&self, scope: TenantScope, uuid: Uuid) -> Result<Role> {
        const OPERATION: &str = "roles.by_uuid";
        let row = live_in(scope).filter(Column::Uuid.eq(uuid)).one(self.0.read()).await.during(OPERATION)?;
        let whole = self.with_rules(row.into_iter().collect(), OPERATION).await?;
        whole.into_iter().next().ok_or_else(|| Error::new(Kind::NotFound, OPERATION))
    }

    async fn list(&self, scope: TenantScope, at: &Page) -> Result<PageOf<Role>> {
        const OPERATION: &str = "roles.list";
        let found = page(live_in(scope), at, self.0.read(), OPERATION).await?;
        Ok(PageOf { rows: self.with_rules(found.rows, OPERATION).await?, next: found.next })
    }

    async fn count(&self, scope: TenantScope) -> Result<u64> {
        count(live_in(scope), self.0.read(), "roles.count").await
    }

    async fn named(&self, scope: TenantScope, uuids: &[Uuid]) -> Result<Vec<RoleLink>> {
        let wanted = live_in(scope).filter(Column::Uuid.is_in(uuids.iter().copied()));
        links(wanted, &self.0, "roles.named").await
    }

    async fn of_user(&self, user_id: i64) -> Result<Vec<RoleLink>> {
        let wanted =
            live_in(TenantScope::Platform).filter(Column::Id.in_subquery(platform_roles_of(user_id)));
        links(wanted, &self.0, "roles.of_user").await
    }
}

#[async_trait]
impl RoleRepo for Conn<Work> {
    async fn insert(&self, scope: TenantScope, role: &Role) -> Result<()> {
        const OPERATION: &str = "roles.insert";
        let row = row_with_base!(Model, role.base, {
            tenant_id: scope.tenant_id(),
            name: role.name.as_str().to_owned(),
            system: role.system,
            description: role.description.clone(),
        });
        let insert = Entity::insert(row.into_active_model());
        insert.exec_without_returning(self.0.write()).await.during(OPERATION)?;
        self.write_rules(role, OPERATION).await
    }

    async fn update(&self, scope: TenantScope, role: &Role) -> Result<()> {
        const OPERATION: &str = "roles.update";
        let (id, seen) = (role.base.id, role.base.version);
        let done = Entity::update_many()
            .col_expr(Column::Name, Expr::val(role.name.as_str()))
            .col_expr(Column::Description, Expr::val(role.description.clone()))
            .col_expr(Column::UpdatedAt, Expr::val(role.base.updated_at))
            .col_expr(Column::DeletedAt, Expr::val(role.base.deleted_at))
            .col_expr(Column::Version, Expr::val(seen + 1))
            .filter(of_scope(scope))
            .filter(Column::Id.eq(id))
            .filter(Column::Version.eq(seen))
            .filter(Column::System.eq(false))
            .filter(Column::DeletedAt.is_null())
            .exec(self.0.write())
            .await
            .during(OPERATION)?;
        if done.rows_affected == 0 {
            return Err(Error::new(Kind::Precondition, OPERATION));
        }
        self.forget_rules(id, OPERATION).await?;
        if role.base.deleted_at.is_some() {
            return self.forget_holders(id, OPERATION).await;
        }
        self.write_rules(role, OPERATION).await
    }
}

impl Conn<Work> {
    async fn write_rules(&self, role: &Role, operation: &'static str) -> Result<()> {
        let role_id = role.base.id;
        let grant =
            |permission: &Permission| role_permissions::Model { role_id, permission: permission.to_string() };
        let link = |parent: &RoleLink| role_parents::Model { role_id, parent_id: parent.id };
        let grants = role.permissions.iter().map(grant).collect();
        insert::<role_permissions::Entity>(&self.0, grants, operation).await?;
        insert::<role_parents::Entity>(&self.0, role.parents.iter().map(link).collect(), operation).await
    }

    async fn forget_rules(&self, role_id: i64, operation: &'static str) -> Result<()> {
        let on = self.0.write();
        let grants =
            role_permissions::Entity::delete_many().filter(role_permissions::Column::RoleId.eq(role_id));
        grants.exec(on).await.during(operation)?;
        let parents = role_parents::Entity::delete_many().filter(role_parents::Column::RoleId.eq(role_id));
        parents.exec(on).await.during(operation)?;
        Ok(())
    }

    /// Whoever has the role, or inherits from it.
    async fn forget_holders(&self, role_id: i64, operation: &'static str) -> Result<()> {
        let on = self.0.write();
        let heirs = role_parents::Entity::delete_many().filter(role_parents::Column::ParentId.eq(role_id));
        heirs.exec(on).await.during(operation)?;
        let members =
            membership_roles::Entity::delete_many().filter(membership_roles::Column::RoleId.eq(role_id));
        members.exec(on).await.during(operation)?;
        let invited =
            invitation_roles::Entity::delete_many().filter(invitation_roles::Column::RoleId.eq(role_id));
        invited.exec(on).await.during(operation)?;
        let users = platform_roles::Entity::delete_many().filter(platform_roles::Column::RoleId.eq(role_id));
        users.exec(on).await.during(operation)?;
        Ok(())
    }
}

impl<L: Link> Conn<L> {
    /// Roles with what they grant and inherit, in two statements for all.
    async fn with_rules(&self, rows: Vec<Model>, operation: &'static str) -> Result<Vec<Role>> {
        let on = self.0.read();
        let ids = || rows.iter().map(|row| row.id);
        let granted = role_permissions::Entity::find()
            .filter(role_permissions::Column::RoleId.is_in(ids()))
            .order_by_asc(role_permissions::Column::Permission);
        let mut permissions: HashMap<i64, Vec<Permission>> = HashMap::new();
        for grant in granted.all(on).await.during(operation)? {
            permissions.entry(grant.role_id).or_default().extend(Permission::parse(&grant.permission).ok());
        }
        let mut parents = roles_by_holder(&self.0, &PARENTS, ids().collect(), operation).await?;
        let whole = |row: Model| {
            let name = RoleName::parse(&row.name).map_err(|_| unreadable(operation, "name of a role"))?;
            Ok(Role {
                permissions: permissions.remove(&row.id).unwrap_or_default(),
                parents: parents.remove(&row.id).unwrap_or_default(),
                base: base_of!(row),
                name,
                description: row.description,
                system: row.system,
            })
        };
        rows.into_iter().map(whole).collect()
    }
}

impl Listed for Entity {
    const ID: Column = Column::Id;

    /// Snowflakes grow with time.
    fn sort_column(field: &str) -> Option<Column> {
        (field == "createdAt").then_some(Column::Id)
    }
}

/// Rows that belong to a scope.
pub(crate) fn of_scope(scope: TenantScope) -> Expr {
    match scope.tenant_id() {
        None => Column::TenantId.is_null(),
        Some(tenant) => Column::TenantId.eq(tenant),
    }
}

/// The live roles of a scope.
pub(crate) fn live_in(scope: TenantScope) -> Select<Entity> {
    Entity::find().filter(of_scope(scope)).filter(Column::DeletedAt.is_null())
}

/// A table that says which roles something has.
pub(crate) struct RoleTable {
    pub(crate) name: &'static str,
    /// The column of whatever has them.
    pub(crate) holder: &'static str,
    /// The column of the role.
    pub(crate) role: &'static str,
}

const PARENTS: RoleTable = RoleTable { name: "role_parents", holder: "role_id", role: "parent_id" };

/// The live roles of each of these holders, sorted by name.
pub(crate) async fn roles_by_holder(
    link: &impl Link,
    table: &RoleTable,
    holders: Vec<i64>,
    operation: &'static str,
) -> Result<HashMap<i64, Vec<RoleLink>>> {
    let RoleTable { name, holder, role } = *table;
    let query = Query::select()
        .column((name, holder))
        .columns([Column::Id, Column::Uuid, Column::Name].map(|column| (Entity, column)))
        .from(name)
        .join(JoinType::InnerJoin, Entity, Expr::col((Entity, Column::Id)).equals((name, role)))
        .and_where(Expr::col((name, holder)).is_in(holders))
        .and_where(Expr::col((Entity, Column::DeletedAt)).is_null())
        .order_by((Entity, Column::Name), Order::Asc)
        .to_owned();
    let mut found: HashMap<i64, Vec<RoleLink>> = HashMap::new();
    for row in link.read().query_all(&query).await.during(operation)? {
        let role = |row: &QueryResult| {
            Ok::<_, DbErr>(RoleLink {
                id: row.try_get_by(1)?,
                uuid: row.try_get_by(2)?,
                name: row.try_get_by(3)?,
            })
        };
        let holder: i64 = row.try_get_by(0).during(operation)?;
        found.entry(holder).or_default().push(role(&row).during(operation)?);
    }
    Ok(found)
}

async fn links(wanted: Select<Entity>, link: &impl Link, operation: &'static str) -> Result<Vec<RoleLink>> {
    let named =
        wanted.select_only().columns([Column::Id, Column::Uuid, Column::Name]).order_by_asc(Column::Name);
    let found: Vec<(i64, Uuid, String)> = named.into_tuple().all(link.read()).await.during(operation)?;
    Ok(found.into_iter().map(|(id, uuid, name)| RoleLink { id, uuid, name }).collect())
}
