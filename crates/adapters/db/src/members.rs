//! Who belongs to a tenant.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::{Base, Member, SystemRole, TenantScope, Timestamp};
use ports::{Error, Kind, MemberQueries, MemberRepo, Page, PageOf, Result};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};
use uuid::Uuid;

use crate::access::ACTIVE;
use crate::conn::{Conn, Link, Work};
use crate::entity::memberships::{Column, Entity, Model};
use crate::entity::{base_of, row_with_base};
use crate::entity::{membership_roles, users};
use crate::error::During;
use crate::paging::{Listed, count, page};
use crate::roles::{RoleTable, roles_by_holder};
use crate::tenant_content::person_of;

const ROLES: RoleTable = RoleTable { name: "membership_roles", holder: "membership_id", role: "role_id" };

#[async_trait]
impl<L: Link> MemberQueries for Conn<L> {
    async fn by_user(&self, scope: TenantScope, user: Uuid) -> Result<Member> {
        const OPERATION: &str = "members.by_user";
        let of_user = users::Entity::find()
            .select_only()
            .column(users::Column::Id)
            .filter(users::Column::Uuid.eq(user))
            .filter(users::Column::DeletedAt.is_null())
            .into_query();
        let row = in_tenant(scope).filter(Column::UserId.in_subquery(of_user));
        let row = row.one(self.0.within(scope.into(), OPERATION).await?).await.during(OPERATION)?;
        let members = self.with_persons(scope, row.into_iter().collect(), OPERATION).await?;
        members.into_iter().next().ok_or_else(|| Error::new(Kind::NotFound, OPERATION))
    }

    async fn list(&self, scope: TenantScope, at: &Page) -> Result<PageOf<Member>> {
        const OPERATION: &str = "members.list";
        let on = self.0.within(scope.into(), OPERATION).await?;
        let found = page(of_living(scope), at, on, OPERATION).await?;
        Ok(PageOf { rows: self.with_persons(scope, found.rows, OPERATION).await?, next: found.next })
    }

    async fn count(&self, scope: TenantScope) -> Result<u64> {
        const OPERATION: &str = "members.count";
        count(of_living(scope), self.0.within(scope.into(), OPERATION).await?, OPERATION).await
    }
}

#[async_trait]
impl MemberRepo for Conn<Work> {
    async fn join(&self, base: &Base, user_id: i64, scope: TenantScope, role: SystemRole) -> Result<()> {
        const OPERATION: &str = "members.join";
        if scope.tenant_id().is_none() {
            return Err(Error::new(Kind::NotFound, OPERATION));
        }
        let role = self.system_role(role, scope, OPERATION).await?;
        self.admit(base, user_id, scope, &[role]).await
    }

    async fn admit(&self, base: &Base, user_id: i64, scope: TenantScope, roles: &[i64]) -> Result<()> {
        const OPERATION: &str = "members.admit";
        let tenant_id = scope.tenant_id().ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?;
        let row = row_with_base!(Model, *base, {
            tenant_id: tenant_id,
            user_id: user_id,
            status: ACTIVE.to_owned(),
        });
        let already = OnConflict::columns([Column::UserId, Column::TenantId])
            .target_and_where(Expr::col(Column::DeletedAt).is_null())
            .do_nothing_on([Column::Id])
            .to_owned();
        let on = self.0.within(scope.into(), OPERATION).await?;
        let insert = Entity::insert(row.into_active_model()).on_conflict(already);
        insert.exec_without_returning(on).await.during(OPERATION)?;
        let membership = in_tenant(scope).select_only().column(Column::Id).filter(Column::UserId.eq(user_id));
        let membership: Option<i64> = membership.into_tuple().one(on).await.during(OPERATION)?;
        let membership_id = membership.ok_or_else(|| Error::new(Kind::NotFound, OPERATION))?;
        // Those of a membership that is new are none.
        let mut missing = roles.to_vec();
        if membership_id != base.id && !roles.is_empty() {
            let held = membership_roles::Entity::find()
                .select_only()
                .column(membership_roles::Column::RoleId)
                .filter(membership_roles::Column::MembershipId.eq(membership_id));
            let held: Vec<i64> = held.into_tuple().all(on).await.during(OPERATION)?;
            missing.retain(|role| !held.contains(role));
        }
        self.give_roles(&ROLES, membership_id, scope, &missing, OPERATION).await
    }

    async fn set_roles(
        &self,
        scope: TenantScope,
        member: &Member,
        roles: &[i64],
        now: Timestamp,
    ) -> Result<()> {
        const OPERATION: &str = "members.set_roles";
        self.touch(scope, member, None, now, OPERATION).await?;
        self.forget_roles(scope, member.base.id, OPERATION).await?;
        self.give_roles(&ROLES, member.base.id, scope, roles, OPERATION).await
    }

    async fn remove(&self, scope: TenantScope, member: &Member, now: Timestamp) -> Result<()> {
        const OPERATION: &str = "members.remove";
        self.touch(scope, member, Some(now), now, OPERATION).await?;
        self.forget_roles(scope, member.base.id, OPERATION).await
    }

    async fn lock_owners(&self, scope: TenantScope) -> Result<Vec<i64>> {
        const OPERATION: &str = "members.lock_owners";
        let role = self.system_role(SystemRole::Owner, scope, OPERATION).await?;
        let owning = Query::select()
            .column(membership_roles::Column::MembershipId)
            .from(membership_roles::Entity)
            .and_where(membership_roles::Column::RoleId.eq(role))
            .to_owned();
        // Always in the same order, so that nobody waits in a circle.
        let query = of_living(scope)
            .select_only()
            .column(Column::UserId)
            .filter(Column::Id.in_subquery(owning))
            .order_by_asc(Column::Id)
            .lock_exclusive();
        query.into_tuple().all(self.0.within(scope.into(), OPERATION).await?).await.during(OPERATION)
    }
}

impl Conn<Work> {
    /// Raises the version of a membership, and ends it when told to.
    async fn touch(
        &self,
        scope: TenantScope,
        member: &Member,
        ended: Option<Timestamp>,
        now: Timestamp,
        operation: &'static str,
    ) -> Result<()> {
        let seen = member.base.version;
        let on = self.0.within(scope.into(), operation).await?;
        let done = Entity::update_many()
            .col_expr(Column::UpdatedAt, Expr::val(now))
            .col_expr(Column::DeletedAt, Expr::val(ended))
            .col_expr(Column::Version, Expr::val(seen + 1))
            .filter(Column::TenantId.eq(scope.tenant_id()))
            .filter(Column::Id.eq(member.base.id))
            .filter(Column::Version.eq(seen))
            .filter(Column::DeletedAt.is_null())
            .exec(on)
            .await
            .during(operation)?;
        if done.rows_affected == 0 { Err(Error::new(Kind::Precondition, operation)) } else { Ok(()) }
    }

    async fn forget_roles(
        &self,
        scope: TenantScope,
        membership_id: i64,
        operation: &'static str,
    ) -> Result<()> {
        let on = self.0.within(scope.into(), operation).await?;
        let of_member = membership_roles::Column::MembershipId.eq(membership_id);
        membership_roles::Entity::delete_many().filter(of_member).exec(on).await.during(operation)?;
        Ok(())
    }
}

impl<L: Link> Conn<L> {
    /// Members with their persons and roles, in two statements for all.
    async fn with_persons(
        &self,
        scope: TenantScope,
        rows: Vec<Model>,
        operation: &'static str,
    ) -> Result<Vec<Member>> {
        let on = self.0.within(scope.into(), operation).await?;
        let people = users::Entity::find()
            .filter(users::Column::Id.is_in(rows.iter().map(|row| row.user_id)))
            .filter(users::Column::DeletedAt.is_null());
        let people = people.all(on).await.during(operation)?;
        let people: HashMap<i64, users::Model> = people.into_iter().map(|user| (user.id, user)).collect();
        let ids = rows.iter().map(|row| row.id).collect();
        let mut roles = roles_by_holder(on, &ROLES, ids, operation).await?;
        // Whoever was deleted between two of the statements is a member no more.
        let whole = |row: Model| {
            let user = people.get(&row.user_id)?;
            let roles = roles.remove(&row.id).unwrap_or_default();
            Some(person_of(user, operation).map(|(email, display_name)| Member {
                base: base_of!(row),
                user_id: user.id,
                user: user.uuid,
                email,
                display_name,
                roles,
            }))
        };
        rows.into_iter().filter_map(whole).collect()
    }
}

impl Listed for Entity {
    const ID: Column = Column::Id;

    /// Snowflakes grow with time.
    fn sort_column(field: &str) -> Option<Column> {
        (field == "createdAt").then_some(Column::Id)
    }
}

/// The memberships of a tenant that count.
fn in_tenant(scope: TenantScope) -> Select<Entity> {
    Entity::find()
        .filter(Column::TenantId.eq(scope.tenant_id()))
        .filter(Column::Status.eq(ACTIVE))
        .filter(Column::DeletedAt.is_null())
}

/// Those of them whose persons are still there. Asked of each row: a set of all who live would be made anew each time.
fn of_living(scope: TenantScope) -> Select<Entity> {
    let of_member = Expr::col((users::Entity, users::Column::Id)).equals((Entity, Column::UserId));
    let living = Query::select()
        .expr(Expr::val(1))
        .from(users::Entity)
        .and_where(of_member)
        .and_where(Expr::col((users::Entity, users::Column::DeletedAt)).is_null())
        .to_owned();
    in_tenant(scope).filter(Expr::exists(living))
}
