//! `/users/*`: accounts.

use actix_web::{Either, HttpRequest, HttpResponse, get, patch, web};
use application::users::Changes;
use domain::User;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::State;
use crate::edge::{is_current, unchanged};
use crate::extract::{Body, Caller, IfMatch, nullable};
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(me).service(change_me);
}

/// An account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserBody {
    id: Uuid,
    #[schema(example = "ada@example.com")]
    email: String,
    #[schema(example = "Ada")]
    display_name: Option<String>,
    #[schema(example = "+14155550123")]
    phone: Option<String>,
    #[schema(example = "active")]
    status: &'static str,
    email_verified: bool,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    created_at: String,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    updated_at: String,
    #[schema(example = 1)]
    version: i32,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            id: user.base.uuid,
            email: user.email.to_string(),
            email_verified: user.is_verified(),
            display_name: user.display_name.map(|name| name.to_string()),
            phone: user.phone.map(|phone| phone.expose().to_owned()),
            status: user.status.as_str(),
            created_at: rfc3339(user.base.created_at),
            updated_at: rfc3339(user.base.updated_at),
            version: user.base.version,
        }
    }
}

/// What shall change; what is left out stays, `null` empties.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "displayName": "Ada", "phone": "+14155550123" }))]
#[allow(clippy::option_option, reason = "the three cases of a partial change")]
struct ChangeBody {
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    display_name: Option<Option<String>>,
    /// International, with `+` and country code.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    phone: Option<Option<String>>,
}

/// The caller's own account.
#[utoipa::path(tag = "users", security(("bearer" = ["profile:read"])), responses(
    (status = 200, description = "The account", body = Envelope<UserBody>),
    (status = 304, description = "Unchanged since the version in If-None-Match"),
))]
#[get("/api/v1/users/me")]
async fn me(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
) -> Result<Either<Reply<UserBody>, HttpResponse>, Failure> {
    caller.require("profile:read")?;
    let user = state.app.users.me(&caller).await?;
    if is_current(&request, user.base.version) {
        return Ok(Either::Right(unchanged(user.base.version)));
    }
    let version = user.base.version;
    Ok(Either::Left(Reply::ok("your account", UserBody::from(user)).version(version).personal()))
}

/// Changes the caller's own account.
#[utoipa::path(tag = "users", security(("bearer" = ["profile:write"])), params(IfMatch), responses(
    (status = 200, description = "The account as it is now", body = Envelope<UserBody>),
    (status = 412, description = "The account is not at the version in If-Match; nothing has changed"),
))]
#[patch("/api/v1/users/me")]
async fn change_me(
    state: web::Data<State>,
    caller: Caller,
    seen: IfMatch,
    Body(body): Body<ChangeBody>,
) -> Result<Reply<UserBody>, Failure> {
    caller.require("profile:write")?;
    let changes = Changes { display_name: body.display_name, phone: body.phone };
    let user = state.app.users.change_me(&caller.context(), &caller, changes, seen.versions()).await?;
    let version = user.base.version;
    Ok(Reply::ok("your account has been changed", UserBody::from(user)).version(version).personal())
}
