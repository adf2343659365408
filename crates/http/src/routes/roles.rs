//! `/roles`, `/permissions` and who has the roles of the platform. A token that speaks for a tenant is answered with the
//! tenant's roles, others with the platform's.

use actix_web::{HttpResponse, delete, get, patch, post, put, web};
use application::roles::{NewRole, RoleChanges};
use domain::{KnownPermission, PERMISSIONS, Realm, Role, RoleLink};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Services;
use crate::State;
use crate::extract::{Body, Caller, IfMatch, ListParams, ListQuery, nullable};
use crate::once::Once;
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config
        .service(list_permissions)
        .service(list)
        .service(create)
        .service(one)
        .service(change)
        .service(remove);
    config.service(of_user).service(assign);
}

/// A permission that roles can grant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PermissionBody {
    #[schema(example = "members:read")]
    name: &'static str,
    #[schema(example = "See who belongs to the tenant, and who is invited")]
    description: &'static str,
    /// `everybody` has it without any role; `session`: the same, but no API key has it; `tenant`: by roles of the tenant, or of the platform; `platform`: by roles of
    /// the platform alone.
    #[schema(example = "tenant")]
    realm: &'static str,
}

impl From<KnownPermission> for PermissionBody {
    fn from(known: KnownPermission) -> Self {
        let realm = match known.realm {
            Realm::Everybody => "everybody",
            Realm::Session => "session",
            Realm::Tenant => "tenant",
            Realm::Platform => "platform",
        };
        Self { name: known.name, description: known.meaning, realm }
    }
}

/// A role, named.
#[derive(Serialize, ToSchema)]
pub(super) struct RoleRef {
    id: Uuid,
    #[schema(example = "owner")]
    name: String,
}

impl From<RoleLink> for RoleRef {
    fn from(link: RoleLink) -> Self {
        Self { id: link.uuid, name: link.name }
    }
}

/// A role.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RoleBody {
    id: Uuid,
    #[schema(example = "support")]
    name: String,
    #[schema(example = "Looks after members")]
    description: Option<String>,
    /// It can't be changed or deleted.
    system: bool,
    /// What it grants by itself; a system role's depends on the release.
    #[schema(example = json!(["members:read", "members:remove:own"]))]
    permissions: Vec<String>,
    /// The roles whose grants it has, too.
    inherits: Vec<RoleRef>,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    created_at: String,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    updated_at: String,
    #[schema(example = 1)]
    version: i32,
}

impl From<Role> for RoleBody {
    fn from(role: Role) -> Self {
        Self {
            id: role.base.uuid,
            name: role.name.as_str().to_owned(),
            description: role.description,
            system: role.system,
            permissions: role.permissions.iter().map(ToString::to_string).collect(),
            inherits: role.parents.into_iter().map(RoleRef::from).collect(),
            created_at: rfc3339(role.base.created_at),
            updated_at: rfc3339(role.base.updated_at),
            version: role.base.version,
        }
    }
}

/// A role to be made.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewRoleBody {
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(example = "support")]
    name: String,
    #[garde(length(chars, max = 500))]
    description: Option<String>,
    /// `resource:action`, or `resource:action:own` for what belongs to the holder; `*` stands for any word.
    #[serde(default)]
    #[garde(length(max = 200), inner(length(chars, max = 100)))]
    #[schema(example = json!(["members:read"]))]
    permissions: Vec<String>,
    /// Ids of roles whose grants it has, too.
    #[serde(default)]
    #[garde(length(max = 20))]
    inherits: Vec<Uuid>,
}

/// What shall change; what is left out stays, lists are replaced.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(clippy::option_option, reason = "the three cases of a partial change")]
#[schema(example = json!({"permissions": ["members:read", "members:write"]}))]
struct RoleChangeBody {
    #[garde(length(chars, min = 1, max = 100))]
    name: Option<String>,
    #[garde(inner(length(chars, max = 500)))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    #[garde(length(max = 200), inner(inner(length(chars, max = 100))))]
    permissions: Option<Vec<String>>,
    #[garde(length(max = 20))]
    inherits: Option<Vec<Uuid>>,
}

/// Roles, by their ids.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RolesBody {
    /// All that there shall be.
    #[garde(length(max = 50))]
    #[schema(example = json!(["0198c5c0-7b6e-7000-8000-000000000000"]))]
    pub(super) roles: Vec<Uuid>,
}

/// Nothing to choose by.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Choice {}

fn versioned(message: &'static str, role: Role) -> Reply<RoleBody> {
    let version = role.base.version;
    Reply::ok(message, RoleBody::from(role)).version(version).personal()
}

/// All permissions that roles can grant.
#[utoipa::path(tag = "roles", security(("bearer" = ["roles:read"])), responses(
    (status = 200, description = "Permissions", body = Envelope<Vec<PermissionBody>>),
))]
#[get("/api/v1/permissions")]
async fn list_permissions(_: Caller) -> Reply<Vec<PermissionBody>> {
    Reply::ok("permissions", PERMISSIONS.iter().copied().map(PermissionBody::from).collect())
}

/// Roles of the token's tenant, else of the platform, from old to new. Sort: `createdAt`.
#[utoipa::path(tag = "roles", params(ListParams, Choice), security(("bearer" = ["roles:read"])), responses(
    (status = 200, description = "Roles", body = Envelope<Vec<RoleBody>>),
))]
#[get("/api/v1/roles")]
async fn list(
    state: web::Data<State>,
    caller: Caller,
    query: ListQuery<Choice>,
) -> Result<Reply<Vec<RoleBody>>, Failure> {
    let listed = state.app.roles.list(&caller, &query.ask).await?;
    Ok(Reply::list("roles", listed).personal())
}

/// Make a role. It can grant what the caller may do, and nothing else.
#[utoipa::path(tag = "roles", request_body = NewRoleBody, params(Once), security(("bearer" = ["roles:write"])), responses(
    (status = 201, description = "The role", body = Envelope<RoleBody>),
    (status = 409, description = "There is a role of this name, or there are too many"),
))]
#[post("/api/v1/roles")]
async fn create(
    state: web::Data<State>,
    caller: Caller,
    once: Once,
    Body(body): Body<NewRoleBody>,
) -> Result<HttpResponse, Failure> {
    let NewRoleBody { name, description, permissions, inherits } = body;
    let new = NewRole { name, description, permissions, inherits };
    let principal = caller.principal();
    once.answer(caller, async |context| {
        let role = state.app.roles.create(&context, &principal, new.clone()).await?;
        let (location, version) = (format!("/api/v1/roles/{}", role.base.uuid), role.base.version);
        Ok(Reply::created("the role is made", RoleBody::from(role), &location).version(version).personal())
    })
    .await
}

/// One role.
#[utoipa::path(tag = "roles", params(("id" = Uuid, Path)), security(("bearer" = ["roles:read"])), responses(
    (status = 200, description = "The role", body = Envelope<RoleBody>),
))]
#[get("/api/v1/roles/{id}")]
async fn one(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<Reply<RoleBody>, Failure> {
    Ok(versioned("the role", state.app.roles.get(&caller, *id).await?))
}

/// Change a role. Whoever has it may do something else from the next request on, on every replica.
#[utoipa::path(tag = "roles", request_body = RoleChangeBody, security(("bearer" = ["roles:write"])), responses(
    (status = 200, description = "The role as it is now", body = Envelope<RoleBody>),
    (status = 409, description = "It is a system role, or there is another one of this name"),
    (status = 412, description = "It is not at the version in If-Match; nothing has changed"),
), params(("id" = Uuid, Path), IfMatch))]
#[patch("/api/v1/roles/{id}")]
async fn change(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
    seen: IfMatch,
    Body(body): Body<RoleChangeBody>,
) -> Result<Reply<RoleBody>, Failure> {
    let RoleChangeBody { name, description, permissions, inherits } = body;
    let changes = RoleChanges { name, description, permissions, inherits };
    let role = state.app.roles.change(&caller.context(), &caller, *id, changes, seen.versions()).await?;
    Ok(versioned("the role is changed", role))
}

/// Delete a role. Nobody has it any more.
#[utoipa::path(tag = "roles", security(("bearer" = ["roles:write"])), responses(
    (status = 204, description = "Deleted, on every replica"),
    (status = 409, description = "It is a system role"),
    (status = 412, description = "It is not at the version in If-Match; nothing has changed"),
), params(("id" = Uuid, Path), IfMatch))]
#[delete("/api/v1/roles/{id}")]
async fn remove(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
    seen: IfMatch,
) -> Result<HttpResponse, Failure> {
    state.app.roles.delete(&caller.context(), &caller, *id, seen.versions()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The platform roles of an account.
#[utoipa::path(tag = "users", operation_id = "roles_of_user", params(("id" = Uuid, Path)), security(("bearer" = ["users:read"])), responses(
    (status = 200, description = "Roles", body = Envelope<Vec<RoleRef>>),
))]
#[get("/api/v1/users/{id:[0-9a-fA-F-]+}/roles")]
async fn of_user(
    state: web::Data<State>,
    _: Caller,
    id: web::Path<Uuid>,
) -> Result<Reply<Vec<RoleRef>>, Failure> {
    let roles = state.app.roles.of_user(*id).await?;
    Ok(Reply::ok("roles", roles.into_iter().map(RoleRef::from).collect()).personal())
}

/// Give an account these platform roles and no others. Takes effect with its next request, on every replica.
#[utoipa::path(tag = "users", request_body = RolesBody, params(("id" = Uuid, Path)), security(("bearer" = ["users:write"])), responses(
    (status = 200, description = "The roles as they are now", body = Envelope<Vec<RoleRef>>),
    (status = 409, description = "Nobody would own the platform any more"),
))]
#[put("/api/v1/users/{id:[0-9a-fA-F-]+}/roles")]
async fn assign(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
    Body(body): Body<RolesBody>,
) -> Result<Reply<Vec<RoleRef>>, Failure> {
    let roles = state.app.roles.assign(&caller.context(), &caller, *id, &body.roles).await?;
    Ok(Reply::ok("the roles are given", roles.into_iter().map(RoleRef::from).collect()).personal())
}
