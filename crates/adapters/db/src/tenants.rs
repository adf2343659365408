//! Tenants.

use async_trait::async_trait;
use domain::{Tenant, TenantStatus};
use ports::{Error, Kind, Page, PageOf, Result, TenantFilter, TenantQueries, TenantRepo};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, Select};
use uuid::Uuid;

use crate::access::tenants_of;
use crate::conn::{Conn, Link, Work};
use crate::entity::tenants::{Column, Entity, Model};
use crate::entity::{base_of, row_with_base};
use crate::error::{During, unreadable};
use crate::paging::{Listed, count, page};
use crate::reach::Reach;
use crate::soft_delete::{aggregate, live};

#[async_trait]
impl<L: Link> TenantQueries for Conn<L> {
    async fn by_slug(&self, slug: &str) -> Result<Tenant> {
        one(&self.0, live().filter(Column::Slug.eq(slug)), "tenants.by_slug").await
    }

    async fn by_uuid(&self, uuid: Uuid) -> Result<Tenant> {
        one(&self.0, live().filter(Column::Uuid.eq(uuid)), "tenants.by_uuid").await
    }

    async fn list(&self, filter: &TenantFilter, at: &Page) -> Result<PageOf<Tenant>> {
        const OPERATION: &str = "tenants.list";
        let found = page(wanted(filter), at, reading(&self.0, filter, OPERATION).await?, OPERATION).await?;
        found.try_map(|row| tenant_of(row, OPERATION))
    }

    async fn count(&self, filter: &TenantFilter) -> Result<u64> {
        const OPERATION: &str = "tenants.count";
        count(wanted(filter), reading(&self.0, filter, OPERATION).await?, OPERATION).await
    }
}

#[async_trait]
impl TenantRepo for Conn<Work> {
    async fn insert(&self, tenant: &Tenant) -> Result<()> {
        let insert = Entity::insert(row_of(tenant).into_active_model());
        insert.exec_without_returning(self.0.write()).await.during("tenants.insert")?;
        Ok(())
    }

    async fn update(&self, tenant: &Tenant) -> Result<()> {
        const OPERATION: &str = "tenants.update";
        let seen = tenant.base.version;
        let done = Entity::update_many()
            .col_expr(Column::Name, Expr::val(tenant.name.as_str()))
            .col_expr(Column::Slug, Expr::val(tenant.slug.as_str()))
            .col_expr(Column::Status, Expr::val(tenant.status.as_str()))
            .col_expr(Column::RequiresMfa, Expr::val(tenant.requires_mfa))
            .col_expr(Column::Settings, Expr::val(settings_text(tenant)))
            .col_expr(Column::UpdatedAt, Expr::val(tenant.base.updated_at))
            .col_expr(Column::DeletedAt, Expr::val(tenant.base.deleted_at))
            .col_expr(Column::Version, Expr::val(seen + 1))
            .filter(Column::Id.eq(tenant.base.id))
            .filter(Column::Version.eq(seen))
            .filter(Column::DeletedAt.is_null())
            .exec(self.0.write())
            .await
            .during(OPERATION)?;
        if done.rows_affected == 0 { Err(Error::new(Kind::Precondition, OPERATION)) } else { Ok(()) }
    }
}

aggregate!(Entity, Column);

impl Listed for Entity {
    const ID: Column = Column::Id;

    /// Snowflakes grow with time.
    fn sort_column(field: &str) -> Option<Column> {
        (field == "createdAt").then_some(Column::Id)
    }
}

fn wanted(filter: &TenantFilter) -> Select<Entity> {
    let of_member = filter.member.map(|member| Column::Id.in_subquery(tenants_of(member)));
    let open = filter.member.map(|_| Column::Status.eq(TenantStatus::Active.as_str()));
    live().filter(Condition::all().add_option(of_member).add_option(open))
}

/// Whose a tenant is, its memberships tell.
async fn reading<'a, L: Link>(
    link: &'a L,
    filter: &TenantFilter,
    operation: &'static str,
) -> Result<&'a L::On> {
    match filter.member {
        Some(_) => link.within(Reach::Lookup, operation).await,
        None => Ok(link.read()),
    }
}

async fn one(link: &impl Link, query: Select<Entity>, operation: &'static str) -> Result<Tenant> {
    let row = query.one(link.read()).await.during(operation)?;
    tenant_of(row.ok_or_else(|| Error::new(Kind::NotFound, operation))?, operation)
}

fn tenant_of(row: Model, operation: &'static str) -> Result<Tenant> {
    let settings = row.settings.as_deref().map(serde_json::from_str).transpose();
    Ok(Tenant {
        base: base_of!(row),
        name: row.name,
        slug: row.slug,
        status: TenantStatus::from_stored(&row.status),
        requires_mfa: row.requires_mfa,
        settings: settings.map_err(|_| unreadable(operation, "settings of a tenant"))?.unwrap_or_default(),
    })
}

/// Nothing at all for no settings.
fn settings_text(tenant: &Tenant) -> Option<String> {
    (!tenant.settings.is_empty()).then(|| serde_json::Value::from(tenant.settings.clone()).to_string())
}

pub(crate) fn row_of(tenant: &Tenant) -> Model {
    row_with_base!(Model, tenant.base, {
        name: tenant.name.clone(),
        slug: tenant.slug.clone(),
        status: tenant.status.as_str().to_owned(),
        requires_mfa: tenant.requires_mfa,
        settings: settings_text(tenant),
    })
}
