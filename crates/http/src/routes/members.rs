//! `/tenants/{id}/members` and `/tenants/{id}/invitations`: who belongs to a tenant, and who is asked to.

use actix_web::{HttpResponse, delete, get, patch, post, web};
use application::limits::Limit;
use application::tenants::Acceptance;
use domain::{Invitation, Member};
use garde::Validate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Services;
use super::roles::{RoleRef, RolesBody};
use crate::State;
use crate::edge::{Limited, limited};
use crate::extract::{Anyone, Body, Caller, IfMatch, ListParams, ListQuery};
use crate::once::Once;
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(list).service(change).service(remove);
    config.service(invitations).service(invite).service(withdraw).service(accept);
}

/// A person in a tenant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MemberBody {
    /// The account.
    user_id: Uuid,
    #[schema(example = "ada@example.com")]
    email: String,
    #[schema(example = "Ada")]
    display_name: Option<String>,
    roles: Vec<RoleRef>,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    joined_at: String,
    #[schema(example = 1)]
    version: i32,
}

impl From<Member> for MemberBody {
    fn from(member: Member) -> Self {
        Self {
            user_id: member.user,
            email: member.email.to_string(),
            display_name: member.display_name.map(|name| name.to_string()),
            roles: member.roles.into_iter().map(RoleRef::from).collect(),
            joined_at: rfc3339(member.base.created_at),
            version: member.base.version,
        }
    }
}

/// A mailed question whether somebody wants to belong to the tenant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InvitationBody {
    id: Uuid,
    #[schema(example = "ada@example.com")]
    email: String,
    roles: Vec<RoleRef>,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    created_at: String,
    #[schema(example = "2026-11-28T02:03:04.005Z")]
    expires_at: String,
}

impl From<Invitation> for InvitationBody {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.base.uuid,
            email: invitation.email.to_string(),
            roles: invitation.roles.into_iter().map(RoleRef::from).collect(),
            created_at: rfc3339(invitation.base.created_at),
            expires_at: rfc3339(invitation.expires_at),
        }
    }
}

/// Whom to ask.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct InviteBody {
    #[garde(length(chars, min = 3, max = 254))]
    #[schema(example = "ada@example.com")]
    email: String,
    /// Ids of the roles that go with it.
    #[serde(default)]
    #[garde(length(max = 50))]
    roles: Vec<Uuid>,
}

/// The answer of whoever was asked.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AcceptBody {
    /// From the link in the mail.
    #[garde(skip)]
    #[schema(value_type = String, example = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    token: SecretString,
    /// Without an account, the password that it shall have.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Password, min_length = 8, max_length = 128)]
    password: Option<SecretString>,
    /// The same.
    #[garde(length(chars, min = 1, max = 100))]
    display_name: Option<String>,
}

/// What was accepted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AcceptedBody {
    user_id: Uuid,
    tenant_id: Uuid,
}

/// Nothing to choose by.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Choice {}

/// Members of the tenant, from old to new. Sort: `createdAt`.
#[utoipa::path(tag = "tenants", operation_id = "list_members", params(("id" = Uuid, Path), ListParams, Choice), security(("bearer" = ["members:read"])), responses(
    (status = 200, description = "Members", body = Envelope<Vec<MemberBody>>),
))]
#[get("/api/v1/tenants/{id}/members")]
async fn list(
    state: web::Data<State>,
    caller: Caller,
    query: ListQuery<Choice>,
) -> Result<Reply<Vec<MemberBody>>, Failure> {
    let listed = state.app.tenants.members(&caller, &query.ask).await?;
    Ok(Reply::list("members", listed).personal())
}

/// Give a member these roles and no others. Takes effect with their next request, on every replica.
#[utoipa::path(tag = "tenants", operation_id = "change_member", request_body = RolesBody, security(("bearer" = ["members:write"])), responses(
    (status = 200, description = "The member as they are now", body = Envelope<MemberBody>),
    (status = 409, description = "Nobody would own the tenant any more"),
    (status = 412, description = "The membership is not at the version in If-Match; nothing has changed"),
), params(("id" = Uuid, Path), ("userId" = Uuid, Path), IfMatch))]
#[patch("/api/v1/tenants/{id}/members/{userId}")]
async fn change(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<(Uuid, Uuid)>,
    seen: IfMatch,
    Body(body): Body<RolesBody>,
) -> Result<Reply<MemberBody>, Failure> {
    let (tenants, context) = (&state.app.tenants, caller.context());
    let member = tenants.set_roles(&context, &caller, path.1, &body.roles, seen.versions()).await?;
    let version = member.base.version;
    Ok(Reply::ok("the roles are given", MemberBody::from(member)).version(version).personal())
}

/// Remove a member, or leave. Takes effect with their next request, on every replica.
#[utoipa::path(tag = "tenants", operation_id = "remove_member", security(("bearer" = ["members:remove:own"])), responses(
    (status = 204, description = "Removed"),
    (status = 409, description = "Nobody would own the tenant any more"),
    (status = 412, description = "The membership is not at the version in If-Match; nothing has changed"),
), params(("id" = Uuid, Path), ("userId" = Uuid, Path), IfMatch))]
#[delete("/api/v1/tenants/{id}/members/{userId}")]
async fn remove(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<(Uuid, Uuid)>,
    seen: IfMatch,
) -> Result<HttpResponse, Failure> {
    caller.require_on("members:remove", path.1)?;
    state.app.tenants.remove(&caller.context(), &caller, path.1, seen.versions()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Invitations that wait, from new to old. Sort: `createdAt`.
#[utoipa::path(tag = "tenants", operation_id = "list_invitations", params(("id" = Uuid, Path), ListParams, Choice), security(("bearer" = ["members:read"])), responses(
    (status = 200, description = "Invitations", body = Envelope<Vec<InvitationBody>>),
))]
#[get("/api/v1/tenants/{id}/invitations")]
async fn invitations(
    state: web::Data<State>,
    caller: Caller,
    query: ListQuery<Choice>,
) -> Result<Reply<Vec<InvitationBody>>, Failure> {
    let listed = state.app.tenants.invitations(&caller, &query.ask).await?;
    Ok(Reply::list("invitations", listed).personal())
}

/// Ask somebody by mail, in the place of an earlier question. The link works once, within seven days.
#[utoipa::path(tag = "tenants", request_body = InviteBody, security(("bearer" = ["members:write"])), responses(
    (status = 201, description = "The invitation; a mail is on its way", body = Envelope<InvitationBody>),
    (status = 409, description = "They are a member, or too many invitations wait"),
), params(("id" = Uuid, Path), Once))]
#[post("/api/v1/tenants/{id}/invitations")]
async fn invite(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
    once: Once,
    Body(body): Body<InviteBody>,
) -> Result<HttpResponse, Failure> {
    let principal = caller.principal();
    once.answer(caller, async |context| {
        let tenants = &state.app.tenants;
        let invitation = tenants.invite(&context, &principal, &body.email, &body.roles).await?;
        let location = format!("/api/v1/tenants/{id}/invitations/{}", invitation.base.uuid);
        Ok(Reply::created("a mail is on its way", InvitationBody::from(invitation), &location).personal())
    })
    .await
}

/// Take an invitation back. Its link is worth nothing any more.
#[utoipa::path(tag = "tenants", security(("bearer" = ["members:write"])), responses(
    (status = 204, description = "Taken back"),
), params(("id" = Uuid, Path), ("invitationId" = Uuid, Path)))]
#[delete("/api/v1/tenants/{id}/invitations/{invitationId}")]
async fn withdraw(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, Failure> {
    state.app.tenants.withdraw(&caller.context(), &caller, path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Accept an invitation with the token from its mail. Without an account, a password makes one.
#[utoipa::path(tag = "tenants", request_body = AcceptBody, responses(
    Limited,
    (status = 200, description = "They belong to the tenant, and can log in", body = Envelope<AcceptedBody>),
    (status = 422, description = "`token_invalid`, or there is no account and no acceptable password"),
))]
#[post("/api/v1/invitations/accept", wrap = "limited(Limit::Secrets)")]
async fn accept(
    state: web::Data<State>,
    Anyone(context): Anyone,
    Body(body): Body<AcceptBody>,
) -> Result<Reply<AcceptedBody>, Failure> {
    let AcceptBody { token, password, display_name } = body;
    let acceptance = Acceptance { token, password, display_name };
    let accepted = state.app.tenants.accept(&context, acceptance).await?;
    let data = AcceptedBody { user_id: accepted.user, tenant_id: accepted.tenant };
    Ok(Reply::ok("you belong to the tenant", data).personal())
}
