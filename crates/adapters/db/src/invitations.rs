//! Who is asked to belong to a tenant. An invitation that was accepted or withdrawn is gone.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::{Email, Invitation, TenantScope, Timestamp};
use ports::{Error, InvitationQueries, InvitationRepo, Kind, Page, PageOf, Result};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Select};
use uuid::Uuid;

use crate::conn::{Conn, Link, Work};
use crate::dialect::delete_some;
use crate::entity::invitations::{Column, Entity, Model};
use crate::entity::tenants;
use crate::entity::{base_of, row_with_base};
use crate::error::{During, unreadable};
use crate::paging::{Listed, count, page};
use crate::reach::Reach;
use crate::roles::{RoleTable, roles_by_holder};

const ROLES: RoleTable = RoleTable { name: "invitation_roles", holder: "invitation_id", role: "role_id" };

#[async_trait]
impl<L: Link> InvitationQueries for Conn<L> {
    async fn by_uuid(&self, uuid: Uuid) -> Result<Invitation> {
        self.invitation(Column::Uuid.eq(uuid), "invitations.by_uuid").await
    }

    async fn by_hash(&self, hash: &[u8]) -> Result<Invitation> {
        self.invitation(Column::Hash.eq(hash), "invitations.by_hash").await
    }

    async fn list(&self, scope: TenantScope, at: &Page) -> Result<PageOf<Invitation>> {
        const OPERATION: &str = "invitations.list";
        let on = self.0.within(scope.into(), OPERATION).await?;
        let found = page(of_tenant(scope), at, on, OPERATION).await?;
        Ok(PageOf { rows: with_roles(on, found.rows, OPERATION).await?, next: found.next })
    }

    async fn count(&self, scope: TenantScope) -> Result<u64> {
        const OPERATION: &str = "invitations.count";
        count(of_tenant(scope), self.0.within(scope.into(), OPERATION).await?, OPERATION).await
    }
}

#[async_trait]
impl InvitationRepo for Conn<Work> {
    async fn insert(&self, invitation: &Invitation, hash: &[u8]) -> Result<()> {
        const OPERATION: &str = "invitations.insert";
        let tenant_id = invitation.scope.tenant_id().ok_or_else(|| Error::new(Kind::Conflict, OPERATION))?;
        let on = self.0.within(invitation.scope.into(), OPERATION).await?;
        let former = Entity::delete_many()
            .filter(Column::TenantId.eq(tenant_id))
            .filter(Column::Email.eq(invitation.email.as_str()));
        former.exec(on).await.during(OPERATION)?;
        let row = row_with_base!(Model, invitation.base, {
            tenant_id: tenant_id,
            email: invitation.email.to_string(),
            invited_by: invitation.invited_by,
            expires_at: invitation.expires_at,
            hash: hash.to_vec(),
        });
        let written = Entity::insert(row.into_active_model());
        written.exec_without_returning(on).await.during(OPERATION)?;
        let roles: Vec<i64> = invitation.roles.iter().map(|role| role.id).collect();
        self.give_roles(&ROLES, invitation.base.id, invitation.scope, &roles, OPERATION).await
    }

    async fn take(&self, hash: &[u8]) -> Result<Invitation> {
        const OPERATION: &str = "invitations.take";
        let invitation = self.invitation(Column::Hash.eq(hash), OPERATION).await?;
        let on = self.0.within(invitation.scope.into(), OPERATION).await?;
        let taken = Entity::delete_many().filter(Column::Id.eq(invitation.base.id));
        // Of two who have read it, one takes it.
        match taken.exec(on).await.during(OPERATION)?.rows_affected {
            0 => Err(Error::new(Kind::NotFound, OPERATION)),
            _ => Ok(invitation),
        }
    }

    async fn withdraw(&self, scope: TenantScope, uuid: Uuid) -> Result<bool> {
        const OPERATION: &str = "invitations.withdraw";
        let on = self.0.within(scope.into(), OPERATION).await?;
        let query = Entity::delete_many()
            .filter(Column::TenantId.eq(scope.tenant_id()))
            .filter(Column::Uuid.eq(uuid));
        Ok(query.exec(on).await.during(OPERATION)?.rows_affected > 0)
    }

    async fn purge(&self, before: Timestamp, limit: u64) -> Result<u64> {
        const OPERATION: &str = "invitations.purge";
        let on = self.0.within(Reach::Purge, OPERATION).await?;
        delete_some::<Entity>(on, Column::ExpiresAt.lt(before), limit).await.during(OPERATION)
    }
}

impl<L: Link> Conn<L> {
    async fn invitation(&self, which: Expr, operation: &'static str) -> Result<Invitation> {
        let on = self.0.within(Reach::Lookup, operation).await?;
        let row = Entity::find().filter(which).one(on).await.during(operation)?;
        let found = with_roles(on, row.into_iter().collect(), operation).await?;
        found.into_iter().next().ok_or_else(|| Error::new(Kind::NotFound, operation))
    }
}

/// On a connection within whose reach they are.
async fn with_roles(
    on: &impl ConnectionTrait,
    rows: Vec<Model>,
    operation: &'static str,
) -> Result<Vec<Invitation>> {
    let of_tenants = tenants::Entity::find()
        .select_only()
        .columns([tenants::Column::Id, tenants::Column::Uuid])
        .filter(tenants::Column::Id.is_in(rows.iter().map(|row| row.tenant_id)));
    let of_tenants: Vec<(i64, Uuid)> = of_tenants.into_tuple().all(on).await.during(operation)?;
    let of_tenants: HashMap<i64, Uuid> = of_tenants.into_iter().collect();
    let ids = rows.iter().map(|row| row.id).collect();
    let mut roles = roles_by_holder(on, &ROLES, ids, operation).await?;
    let whole = |row: Model| {
        Ok(Invitation {
            roles: roles.remove(&row.id).unwrap_or_default(),
            base: base_of!(row),
            scope: of_tenants
                .get(&row.tenant_id)
                .map(|uuid| TenantScope::Tenant { id: row.tenant_id, uuid: *uuid })
                .ok_or_else(|| unreadable(operation, "tenant of an invitation"))?,
            email: Email::parse(&row.email).map_err(|_| unreadable(operation, "e-mail address"))?,
            invited_by: row.invited_by,
            expires_at: row.expires_at,
        })
    };
    rows.into_iter().map(whole).collect()
}

impl Listed for Entity {
    const ID: Column = Column::Id;

    /// Snowflakes grow with time.
    fn sort_column(field: &str) -> Option<Column> {
        (field == "createdAt").then_some(Column::Id)
    }
}

fn of_tenant(scope: TenantScope) -> Select<Entity> {
    Entity::find().filter(Column::TenantId.eq(scope.tenant_id()))
}
