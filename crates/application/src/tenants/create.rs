//! Founding a tenant.

use domain::{DomainEvent, Slug, SystemRole, Tenant, TenantName};

use super::Tenants;
use crate::auth::Principal;
use crate::first_start::{insert_roles, join};
use crate::{Action, Context, Error, Result, Work};

const CREATE: Action = Action { name: "tenant.create", resource: "tenant" };

/// What a founder gives.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// Shown name.
    pub name: String,
    /// Short name; one is made of the name without it.
    pub slug: Option<String>,
}

impl Tenants {
    /// Founds a tenant with its system roles, and makes the caller its owner.
    ///
    /// # Errors
    /// `Invalid`; `Conflict` when the short name is taken.
    pub async fn create(&self, context: &Context, caller: &Principal, new: NewTenant) -> Result<Tenant> {
        let base = self.core.base()?;
        let name = TenantName::parse(&new.name).map_err(|error| Error::field("name", "length", error))?;
        let slug = match &new.slug {
            Some(text) => Slug::parse(text).map_err(|error| Error::field("slug", "slug", error))?,
            None => Slug::of_name(&new.name, base.uuid),
        };
        let tenant = Tenant::new(base, name.to_string(), slug.into_string());
        let (founded, scope) = (&tenant, tenant.scope());
        let person = &self.core.store.users().by_id(caller.user_id).await?.base;
        Work::run(&self.core, context, CREATE, |mut work| async move {
            work.acting_as(caller.actor(), scope);
            work.on(founded.base.uuid);
            let tx = work.tx();
            tx.tenants().insert(founded).await?;
            insert_roles(&self.core, tx, scope).await?;
            join(&self.core, tx, person, scope, SystemRole::Owner).await?;
            tx.users().bump_auth_revision(caller.user_id).await?;
            work.emit(&DomainEvent::TenantCreated { tenant: founded.base.uuid }).await?;
            work.commit().await
        })
        .await?;
        self.auth.forget_user(caller.user_id);
        Ok(tenant)
    }
}
