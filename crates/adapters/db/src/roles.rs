//! Roles, of tenants and of the platform.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use domain::{Permission, Role, RoleLink, RoleName, TenantScope};
use ports::{Error, Kind, Page, PageOf, Result, RoleQueries, RoleRepo};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, JoinType, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, QueryTrait, Select,
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
        let on = self.0.within(scope.into(), OPERATION).await?;
        let row = live_in(scope).filter(Column::Uuid.eq(uuid)).one(on).await.during(OPERATION)?;
        let whole = self.with_rules(scope, row.into_iter().collect(), OPERATION).await?;
        whole.into_iter().next().ok_or_else(|| Error::new(Kind::NotFound, OPERATION))
    }

    async fn list(&self, scope: TenantScope, at: &Page) -> Result<PageOf<Role>> {
        const OPERATION: &str = "roles.list";
        let on = self.0.within(scope.into(), OPERATION).await?;
        let found = page(live_in(scope), at, on, OPERATION).await?;
        Ok(PageOf { rows: self.with_rules(scope, found.rows, OPERATION).await?, next: found.next })
    }

    async fn count(&self, scope: TenantScope) -> Result<u64> {
        const OPERATION: &str = "roles.count";
        count(live_in(scope), self.0.within(scope.into(), OPERATION).await?, OPERATION).await
    }

    async fn named(&self, scope: TenantScope, uuids: &[Uuid]) -> Result<Vec<RoleLink>> {
        let wanted = live_in(scope).filter(Column::Uuid.is_in(uuids.iter().copied()));
        links(wanted, scope, &self.0, "roles.named").await
    }

    async fn of_user(&self, user_id: i64) -> Result<Vec<RoleLink>> {
        let wanted =
            live_in(TenantScope::Platform).filter(Column::Id.in_subquery(platform_roles_of(user_id)));
        links(wanted, TenantScope::Platform, &self.0, "roles.of_user").await
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
        let on = self.0.within(scope.into(), OPERATION).await?;
        Entity::insert(row.into_active_model()).exec_without_returning(on).await.during(OPERATION)?;
        self.write_rules(scope, role, OPERATION).await
    }

    async fn update(&self, scope: TenantScope, role: &Role) -> Result<()> {
        const OPERATION: &str = "roles.update";
        let (id, seen) = (role.base.id, role.base.version);
        let on = self.0.within(scope.into(), OPERATION).await?;
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
            .exec(on)
            .await
            .during(OPERATION)?;
        if done.rows_affected == 0 {
            return Err(Error::new(Kind::Precondition, OPERATION));
        }
        self.forget_rules(scope, id, OPERATION).await?;
        if role.base.deleted_at.is_some() {
            return self.forget_holders(scope, id, OPERATION).await;
        }
        self.write_rules(scope, role, OPERATION).await
    }
}

impl Conn<Work> {
    async fn write_rules(&self, scope: TenantScope, role: &Role, operation: &'static str) -> Result<()> {
        let role_id = role.base.id;
        let grant =
            |permission: &Permission| role_permissions::Model { role_id, permission: permission.to_string() };
        let grants = role.permissions.iter().map(grant).collect();
        insert::<role_permissions::Entity>(&self.0, grants, operation).await?;
        let parents: Vec<i64> = role.parents.iter().map(|parent| parent.id).collect();
        self.give_roles(&PARENTS, role_id, scope, &parents, operation).await
    }

    /// Writes which roles something has that had none of them: live ones of the scope.
    ///
    /// # Errors
    /// `Conflict` when one of them is not.
    pub(crate) async fn give_roles(
        &self,
        table: &RoleTable,
        holder: i64,
        scope: TenantScope,
        roles: &[i64],
        operation: &'static str,
    ) -> Result<()> {
        let wanted: HashSet<i64> = roles.iter().copied().collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let theirs = live_in(scope)
            .select_only()
            .expr(Expr::val(holder))
            .column(Column::Id)
            .filter(Column::Id.is_in(wanted.iter().copied()))
            .into_query();
        let mut give = Query::insert();
        give.into_table(table.name).columns([table.holder, table.role]);
        give.select_from(theirs).map_err(|error| Error::with(Kind::Internal, operation, error))?;
        let on = self.0.within(scope.into(), operation).await?;
        let given = on.execute(&give).await.during(operation)?.rows_affected();
        if given == wanted.len() as u64 { Ok(()) } else { Err(Error::new(Kind::Conflict, operation)) }
    }

    async fn forget_rules(&self, scope: TenantScope, role_id: i64, operation: &'static str) -> Result<()> {
        let on = self.0.within(scope.into(), operation).await?;
        let grants =
            role_permissions::Entity::delete_many().filter(role_permissions::Column::RoleId.eq(role_id));
        grants.exec(on).await.during(operation)?;
        let parents = role_parents::Entity::delete_many().filter(role_parents::Column::RoleId.eq(role_id));
        parents.exec(on).await.during(operation)?;
        Ok(())
    }

    /// Whoever has the role, or inherits from it.
    async fn forget_holders(&self, scope: TenantScope, role_id: i64, operation: &'static str) -> Result<()> {
        let on = self.0.within(scope.into(), operation).await?;
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
    async fn with_rules(
        &self,
        scope: TenantScope,
        rows: Vec<Model>,
        operation: &'static str,
    ) -> Result<Vec<Role>> {
        let on = self.0.within(scope.into(), operation).await?;
        let ids = || rows.iter().map(|row| row.id);
        let granted = role_permissions::Entity::find()
            .filter(role_permissions::Column::RoleId.is_in(ids()))
            .order_by_asc(role_permissions::Column::Permission);
        let mut permissions: HashMap<i64, Vec<Permission>> = HashMap::new();
        for grant in granted.all(on).await.during(operation)? {
            permissions.entry(grant.role_id).or_default().extend(Permission::parse(&grant.permission).ok());
        }
        let mut parents = roles_by_holder(on, &PARENTS, ids().collect(), operation).await?;
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

/// The live roles of each of these holders, sorted by name, on a connection within whose reach they are.
pub(crate) async fn roles_by_holder(
    on: &impl ConnectionTrait,
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
    for row in on.query_all(&query).await.during(operation)? {
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

async fn links(
    wanted: Select<Entity>,
    scope: TenantScope,
    link: &impl Link,
    operation: &'static str,
) -> Result<Vec<RoleLink>> {
    let on = link.within(scope.into(), operation).await?;
    let named =
        wanted.select_only().columns([Column::Id, Column::Uuid, Column::Name]).order_by_asc(Column::Name);
    let found: Vec<(i64, Uuid, String)> = named.into_tuple().all(on).await.during(operation)?;
    Ok(found.into_iter().map(|(id, uuid, name)| RoleLink { id, uuid, name }).collect())
}
