//! `/users/me/activity`: when and how much an account is used.

use actix_web::{get, web};
use domain::UserActivity;
use serde::Serialize;
use utoipa::ToSchema;

use super::Services;
use crate::State;
use crate::extract::Caller;
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(mine);
}

/// How much an account is used.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActivityBody {
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    registered_at: String,
    /// When a session was last opened or continued.
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    last_active_at: Option<String>,
    /// Sessions that can be continued.
    #[schema(example = 2)]
    active_sessions: u64,
}

impl From<UserActivity> for ActivityBody {
    fn from(activity: UserActivity) -> Self {
        Self {
            registered_at: rfc3339(activity.registered_at),
            last_active_at: activity.last_active_at.map(rfc3339),
            active_sessions: activity.active_sessions,
        }
    }
}

/// When and how much the caller's own account is used.
#[utoipa::path(tag = "users", security(("bearer" = ["profile:read"])), responses(
    (status = 200, description = "The activity", body = Envelope<ActivityBody>),
))]
#[get("/api/v1/users/me/activity")]
async fn mine(state: web::Data<State>, caller: Caller) -> Result<Reply<ActivityBody>, Failure> {
    let activity = state.app.users.activity(&caller).await?;
    Ok(Reply::ok("your activity", ActivityBody::from(activity)).personal())
}
