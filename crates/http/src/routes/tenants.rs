//! `/tenants`: founding them, and what they are like.

use actix_web::{Either, HttpRequest, HttpResponse, delete, get, patch, post, web};
use application::tenants::{NewTenant, TenantChanges};
use domain::Tenant;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Services;
use crate::State;
use crate::edge::{is_current, unchanged};
use crate::extract::{Body, Caller, IfMatch, ListParams, ListQuery};
use crate::once::Once;
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(list).service(create).service(one).service(change).service(remove);
    config.service(suspend).service(resume);
}

/// A tenant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TenantBody {
    id: Uuid,
    #[schema(example = "Acme")]
    name: String,
    #[schema(example = "acme")]
    slug: String,
    /// `active` or `suspended`.
    #[schema(example = "active")]
    status: &'static str,
    /// Whether members need a second factor to get in.
    requires_mfa: bool,
    /// Whatever its administrators and their programs keep here.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    created_at: String,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    updated_at: String,
    #[schema(example = 1)]
    version: i32,
}

impl From<Tenant> for TenantBody {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.base.uuid,
            name: tenant.name,
            slug: tenant.slug,
            status: tenant.status.as_str(),
            requires_mfa: tenant.requires_mfa,
            settings: tenant.settings,
            created_at: rfc3339(tenant.base.created_at),
            updated_at: rfc3339(tenant.base.updated_at),
            version: tenant.base.version,
        }
    }
}

/// A tenant to be founded.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewTenantBody {
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(example = "Acme")]
    name: String,
    /// 1 to 64 of `a–z`, `0–9` and `-`. One is made of the name without it.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "acme")]
    slug: Option<String>,
}

/// What shall change; what is left out stays, settings are replaced.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Acme Ltd"}))]
struct TenantChangeBody {
    #[garde(length(chars, min = 1, max = 200))]
    name: Option<String>,
    #[garde(length(chars, min = 1, max = 64))]
    slug: Option<String>,
    /// Whoever asks for it needs to be logged in with a second factor.
    #[garde(skip)]
    requires_mfa: Option<bool>,
    /// 8 KiB at most.
    #[garde(skip)]
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
}

/// Which tenants.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Choice {
    /// `true` for all tenants instead of the caller's own; needs a role of the platform.
    #[serde(rename = "filter[all]")]
    #[garde(skip)]
    all: Option<bool>,
}

fn versioned(message: &'static str, tenant: Tenant) -> Reply<TenantBody> {
    let version = tenant.base.version;
    Reply::ok(message, TenantBody::from(tenant)).version(version).personal()
}

/// The caller's tenants, from new to old. Sort: `createdAt`.
#[utoipa::path(tag = "tenants", params(ListParams, Choice), security(("bearer" = ["profile:read"])), responses(
    (status = 200, description = "Tenants", body = Envelope<Vec<TenantBody>>),
))]
#[get("/api/v1/tenants")]
async fn list(
    state: web::Data<State>,
    caller: Caller,
    query: ListQuery<Choice>,
) -> Result<Reply<Vec<TenantBody>>, Failure> {
    let all = query.choice.all.unwrap_or(false);
    let listed = state.app.tenants.list(&caller, all, &query.ask).await?;
    Ok(Reply::list("tenants", listed).personal())
}

/// Found a tenant. The caller owns it.
#[utoipa::path(tag = "tenants", request_body = NewTenantBody, params(Once), security(("bearer" = ["tenants:create"])), responses(
    (status = 201, description = "The tenant", body = Envelope<TenantBody>),
    (status = 409, description = "The short name is taken"),
))]
#[post("/api/v1/tenants")]
async fn create(
    state: web::Data<State>,
    caller: Caller,
    once: Once,
    Body(body): Body<NewTenantBody>,
) -> Result<HttpResponse, Failure> {
    let new = NewTenant { name: body.name, slug: body.slug };
    let principal = caller.principal();
    once.answer(caller, async |context| {
        let tenant = state.app.tenants.create(&context, &principal, new.clone()).await?;
        let (location, version) = (format!("/api/v1/tenants/{}", tenant.base.uuid), tenant.base.version);
        let made = Reply::created("the tenant is founded", TenantBody::from(tenant), &location);
        Ok(made.version(version).personal())
    })
    .await
}

/// One tenant.
#[utoipa::path(tag = "tenants", params(("id" = Uuid, Path)), security(("bearer" = ["tenants:read"])), responses(
    (status = 200, description = "The tenant", body = Envelope<TenantBody>),
    (status = 304, description = "Unchanged since the version in If-None-Match"),
))]
#[get("/api/v1/tenants/{id}")]
async fn one(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
) -> Result<Either<Reply<TenantBody>, HttpResponse>, Failure> {
    let tenant = state.app.tenants.get(&caller).await?;
    if is_current(&request, tenant.base.version) {
        return Ok(Either::Right(unchanged(tenant.base.version)));
    }
    Ok(Either::Left(versioned("the tenant", tenant)))
}

/// Change a tenant.
#[utoipa::path(tag = "tenants", request_body = TenantChangeBody, security(("bearer" = ["tenants:write"])), responses(
    (status = 200, description = "The tenant as it is now", body = Envelope<TenantBody>),
    (status = 403, description = "Not allowed, or `mfa_required`: ask for a second factor only with one"),
    (status = 409, description = "The short name is taken"),
    (status = 412, description = "It is not at the version in If-Match; nothing has changed"),
), params(("id" = Uuid, Path), IfMatch))]
#[patch("/api/v1/tenants/{id}")]
async fn change(
    state: web::Data<State>,
    caller: Caller,
    seen: IfMatch,
    Body(body): Body<TenantChangeBody>,
) -> Result<Reply<TenantBody>, Failure> {
    let TenantChangeBody { name, slug, requires_mfa, settings } = body;
    let changes = TenantChanges { name, slug, requires_mfa, settings };
    let tenant = state.app.tenants.change(&caller.context(), &caller, changes, seen.versions()).await?;
    Ok(versioned("the tenant is changed", tenant))
}

/// Delete a tenant. Nobody gets in any more. The caller has proven who they are in the last ten minutes.
#[utoipa::path(tag = "tenants", security(("bearer" = ["tenants:delete"])), responses(
    (status = 204, description = "Deleted, on every replica"),
    (status = 401, description = "Not authenticated, or `reauthentication_required`"),
    (status = 412, description = "It is not at the version in If-Match; nothing has changed"),
), params(("id" = Uuid, Path), IfMatch))]
#[delete("/api/v1/tenants/{id}")]
async fn remove(state: web::Data<State>, caller: Caller, seen: IfMatch) -> Result<HttpResponse, Failure> {
    state.app.tenants.delete(&caller.context(), &caller, seen.versions()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Keep a tenant's members out.
#[utoipa::path(tag = "tenants", security(("bearer" = ["tenants:suspend"])), responses(
    (status = 200, description = "The tenant as it is now", body = Envelope<TenantBody>),
    (status = 412, description = "It is not at the version in If-Match; nothing has changed"),
), params(("id" = Uuid, Path), IfMatch))]
#[post("/api/v1/tenants/{id}/suspend")]
async fn suspend(
    state: web::Data<State>,
    caller: Caller,
    seen: IfMatch,
) -> Result<Reply<TenantBody>, Failure> {
    let tenant = state.app.tenants.suspend(&caller.context(), &caller, true, seen.versions()).await?;
    Ok(versioned("the tenant is suspended", tenant))
}

/// Let a suspended tenant's members in again.
#[utoipa::path(tag = "tenants", security(("bearer" = ["tenants:suspend"])), responses(
    (status = 200, description = "The tenant as it is now", body = Envelope<TenantBody>),
    (status = 412, description = "It is not at the version in If-Match; nothing has changed"),
), params(("id" = Uuid, Path), IfMatch))]
#[post("/api/v1/tenants/{id}/resume")]
async fn resume(
    state: web::Data<State>,
    caller: Caller,
    seen: IfMatch,
) -> Result<Reply<TenantBody>, Failure> {
    let tenant = state.app.tenants.suspend(&caller.context(), &caller, false, seen.versions()).await?;
    Ok(versioned("the tenant goes on", tenant))
}
