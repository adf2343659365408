//! `/users/*`: accounts.

use actix_web::{Either, HttpRequest, HttpResponse, get, web};
use domain::User;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::State;
use crate::edge::{is_current, unchanged};
use crate::extract::Caller;
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(me);
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
            status: user.status.as_str(),
            created_at: rfc3339(user.base.created_at),
            updated_at: rfc3339(user.base.updated_at),
            version: user.base.version,
        }
    }
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
