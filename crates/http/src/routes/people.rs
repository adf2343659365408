//! `/users/me/exports` and the end of one's own account.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, delete, get, post, web};
use application::limits::Limit;
use domain::Export;
use futures_util::TryStreamExt;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Services;
use crate::State;
use crate::edge::{Limited, limited};
use crate::extract::{Caller, IfMatch};
use crate::once::Once;
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(order).service(exported).service(content).service(remove_me);
}

/// An export of all that is stored about the caller.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ExportBody {
    id: Uuid,
    /// `pending` or `ready`.
    #[schema(example = "pending")]
    status: &'static str,
    /// Bytes, once it is ready.
    #[schema(example = 20_480)]
    size: Option<i64>,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    created_at: String,
    /// From then on it is gone.
    #[schema(example = "2026-11-22T02:03:04.005Z")]
    expires_at: String,
}

impl From<Export> for ExportBody {
    fn from(export: Export) -> Self {
        Self {
            id: export.uuid,
            status: if export.ready_at.is_some() { "ready" } else { "pending" },
            size: export.size,
            created_at: rfc3339(export.created_at),
            expires_at: rfc3339(export.expires_at),
        }
    }
}

/// Ask for all that is stored about you, as JSON. Needs a proof of the last ten minutes.
#[utoipa::path(tag = "users", params(Once), security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 202, description = "It will be written", body = Envelope<ExportBody>),
    (status = 401, description = "`reauthentication_required`"),
    (status = 409, description = "An earlier one is being written"),
))]
#[post("/api/v1/users/me/exports", wrap = "limited(Limit::Mails)")]
async fn order(state: web::Data<State>, caller: Caller, once: Once) -> Result<HttpResponse, Failure> {
    state.app.auth.require_recent(&caller)?;
    let principal = caller.principal();
    once.answer(caller, async |context| {
        let export = state.app.people.order_export(&context, &principal).await?;
        Ok(Reply::accepted("your export will be written", ExportBody::from(export)).personal())
    })
    .await
}

/// How an export is getting on. It is gone after 24 hours.
#[utoipa::path(tag = "users", params(("id" = Uuid, Path)), security(("bearer" = ["profile:read"])), responses(
    (status = 200, description = "The export", body = Envelope<ExportBody>),
    (status = 404, description = "The caller has no such export, or not any more"),
))]
#[get("/api/v1/users/me/exports/{id}")]
async fn exported(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<Reply<ExportBody>, Failure> {
    let export = state.app.people.export(&caller, *id).await?;
    Ok(Reply::ok("your export", ExportBody::from(export)).personal())
}

/// Download an export that is ready: a JSON document.
#[utoipa::path(tag = "users", params(("id" = Uuid, Path)), security(("bearer" = ["credentials:write"])), responses(
    (status = 200, description = "All that is stored about the caller", body = serde_json::Value),
    (status = 404, description = "The caller has no such export, or not any more, or it is not ready"),
))]
#[get("/api/v1/users/me/exports/{id}/content")]
async fn content(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Failure> {
    let (size, content) = state.app.people.content(&caller, *id).await?;
    let unread = |error: ports::Error| {
        tracing::warn!(error = %ports::Chain(&error), "an export could not be read to its end");
        actix_web::error::ErrorInternalServerError("unreadable")
    };
    let mut answer = HttpResponse::Ok();
    answer.content_type("application/json").no_chunking(size);
    answer.insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"personal-data.json\""));
    answer.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    Ok(answer.streaming(content.map_err(unread)))
}

/// Delete your own account. Nobody gets in from then on; it can be restored by an administrator for some days, and is
/// erased then. Needs a proof of the last ten minutes.
#[utoipa::path(tag = "users", params(IfMatch), security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 204, description = "Deleted, on every replica"),
    (status = 401, description = "`reauthentication_required`"),
    (status = 409, description = "It is the last platform owner's"),
    (status = 412, description = "It is not at the version in If-Match; nothing has changed"),
))]
#[delete("/api/v1/users/me", wrap = "limited(Limit::Secrets)")]
async fn remove_me(state: web::Data<State>, caller: Caller, seen: IfMatch) -> Result<HttpResponse, Failure> {
    state.app.users.delete_me(&caller.context(), &caller, seen.versions()).await?;
    Ok(HttpResponse::NoContent().finish())
}
