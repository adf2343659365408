//! Changing, suspending and deleting a tenant.

use domain::{DomainEvent, Slug, Tenant, TenantName, TenantStatus};
use serde_json::{Map, Value};

use super::{Tenants, tenant_of};
use crate::auth::Principal;
use crate::users::lost_race;
use crate::{Action, Context, Error, FieldError, Result, Work};

const CHANGE: Action = Action { name: "tenant.update", resource: "tenant" };
const SUSPEND: Action = Action { name: "tenant.suspend", resource: "tenant" };
const RESUME: Action = Action { name: "tenant.resume", resource: "tenant" };
const DELETE: Action = Action { name: "tenant.delete", resource: "tenant" };

/// What shall change in a tenant: `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct TenantChanges {
    /// Shown name.
    pub name: Option<String>,
    /// Short name.
    pub slug: Option<String>,
    /// Whether members need a second factor to get in.
    pub requires_mfa: Option<bool>,
    /// What is kept for its programs, all of it.
    pub settings: Option<Map<String, Value>>,
}

impl Tenants {
    /// Changes a tenant, and gives it as it is then.
    ///
    /// # Errors
    /// `Invalid`; `Precondition`; `Conflict` when the short name is taken; [`Error::MfaRequired`] for a caller who would
    /// shut themselves out by asking for a second factor.
    pub async fn change(
        &self,
        context: &Context,
        caller: &Principal,
        changes: TenantChanges,
        seen: Option<&[i32]>,
    ) -> Result<Tenant> {
        if changes.requires_mfa == Some(true) {
            refuse_single_factor(caller)?;
        }
        let changes = &Parsed::of(changes)?;
        let apply = |tenant: &mut Tenant| changes.apply(tenant);
        self.edit(context, caller, CHANGE, seen, &apply).await
    }

    /// Keeps members out, from their next request on, or lets them in again.
    ///
    /// # Errors
    /// `Precondition`.
    pub async fn suspend(
        &self,
        context: &Context,
        caller: &Principal,
        suspended: bool,
        seen: Option<&[i32]>,
    ) -> Result<Tenant> {
        let (action, status) =
            if suspended { (SUSPEND, TenantStatus::Suspended) } else { (RESUME, TenantStatus::Active) };
        self.edit(context, caller, action, seen, &|tenant| tenant.status = status).await
    }

    /// Deletes a tenant: nobody gets in any more from the next request on.
    ///
    /// # Errors
    /// `Unauthenticated` (`reauthentication_required`); `Precondition`.
    pub async fn delete(&self, context: &Context, caller: &Principal, seen: Option<&[i32]>) -> Result<()> {
        self.auth.require_recent(caller)?;
        let now = self.core.clock.now();
        self.edit(context, caller, DELETE, seen, &|tenant| tenant.base.deleted_at = Some(now)).await?;
        Ok(())
    }

    /// Whoever gets in by something that this changes is asked anew: the policy's revision is raised with it.
    async fn edit(
        &self,
        context: &Context,
        caller: &Principal,
        action: Action,
        seen: Option<&[i32]>,
        apply: &(dyn Fn(&mut Tenant) + Sync),
    ) -> Result<Tenant> {
        let (_, uuid) = tenant_of(caller.scope)?;
        let edited = Work::run(&self.core, context, action, |mut work| async move {
            work.on(uuid);
            work.tx().access().bump_policy(caller.scope).await?;
            let tenant = work.tx().tenants().by_uuid(uuid).await?;
            if seen.is_some_and(|seen| !seen.contains(&tenant.base.version)) {
                return Err(Error::Precondition);
            }
            let mut edited = tenant.clone();
            apply(&mut edited);
            if edited == tenant {
                return Ok(tenant);
            }
            edited.base.updated_at = self.core.clock.now();
            work.tx().tenants().update(&edited).await.map_err(lost_race)?;
            edited.base.version += 1;
            work.emit(&event(&edited)).await?;
            work.commit().await?;
            Ok(edited)
        });
        let edited = edited.await?;
        self.auth.forget_scope(caller.scope);
        Ok(edited)
    }
}

fn refuse_single_factor(caller: &Principal) -> Result<()> {
    if caller.multi_factor { Ok(()) } else { Err(Error::MfaRequired) }
}

fn event(tenant: &Tenant) -> DomainEvent {
    match tenant.base.deleted_at {
        Some(_) => DomainEvent::TenantDeleted { tenant: tenant.base.uuid },
        None => DomainEvent::TenantUpdated { tenant: tenant.base.uuid },
    }
}

struct Parsed {
    name: Option<String>,
    slug: Option<String>,
    requires_mfa: Option<bool>,
    settings: Option<Map<String, Value>>,
}

impl Parsed {
    /// Reports all unacceptable fields at once.
    fn of(changes: TenantChanges) -> Result<Self> {
        let mut errors = Vec::new();
        let name = changes.name.and_then(|name| {
            let parsed = TenantName::parse(&name)
                .inspect_err(|error| errors.push(FieldError::new("name", "length", error)));
            parsed.ok().map(|name| name.to_string())
        });
        let slug = changes.slug.and_then(|slug| {
            let parsed =
                Slug::parse(&slug).inspect_err(|error| errors.push(FieldError::new("slug", "slug", error)));
            parsed.ok().map(Slug::into_string)
        });
        let settings = changes.settings;
        if settings
            .as_ref()
            .is_some_and(|settings| Value::from(settings.clone()).to_string().len() > Tenant::MAX_SETTINGS)
        {
            let message = format!("must be at most {} bytes", Tenant::MAX_SETTINGS);
            errors.push(FieldError { field: "settings".to_owned(), code: "length", message });
        }
        if errors.is_empty() {
            Ok(Self { name, slug, requires_mfa: changes.requires_mfa, settings })
        } else {
            Err(Error::Invalid(errors))
        }
    }

    fn apply(&self, tenant: &mut Tenant) {
        if let Some(name) = &self.name {
            tenant.name.clone_from(name);
        }
        if let Some(slug) = &self.slug {
            tenant.slug.clone_from(slug);
        }
        if let Some(requires_mfa) = self.requires_mfa {
            tenant.requires_mfa = requires_mfa;
        }
        if let Some(settings) = &self.settings {
            tenant.settings.clone_from(settings);
        }
    }
}
