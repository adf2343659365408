//! `/outbox/*`: events that could not be published, for operators.

use actix_web::{HttpResponse, delete, get, post, web};
use garde::Validate;
use ports::DeadLetter;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Services;
use crate::State;
use crate::extract::{Caller, ListParams, ListQuery};
use crate::once::Once;
use crate::respond::{Envelope, Failure, Nothing, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(list).service(retry).service(discard);
}

/// Dead letters are not chosen by anything.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Choice {}

/// An event that nobody tries to publish any more.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DeadLetterBody {
    /// The event's own id.
    id: Uuid,
    #[schema(example = "dev.mainstay.user.registered.v1")]
    r#type: String,
    #[schema(example = "users/019aa5c3-0000-7000-8000-000000000000")]
    subject: String,
    /// When it happened.
    time: String,
    /// How often it was refused.
    refusals: i32,
    /// Why it was refused last.
    reason: Option<String>,
    /// Since when it is dead.
    died_at: Option<String>,
    /// What it says: ids, no personal data.
    #[schema(value_type = Object)]
    data: Value,
}

impl From<DeadLetter> for DeadLetterBody {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.event.id,
            r#type: letter.event.kind,
            subject: letter.event.subject,
            time: rfc3339(letter.event.time),
            refusals: letter.refusals,
            reason: letter.reason,
            died_at: letter.died_at.map(rfc3339),
            data: letter.event.data,
        }
    }
}

/// Dead letters, from new to old. Sort: `createdAt`.
#[utoipa::path(
    operation_id = "list_dead_letters", tag = "outbox", params(ListParams),
    security(("bearer" = ["events:read"])), responses(
    (status = 200, description = "Dead letters", body = Envelope<Vec<DeadLetterBody>>),
))]
#[get("/api/v1/outbox/dead-letters")]
async fn list(
    state: web::Data<State>,
    _: Caller,
    query: ListQuery<Choice>,
) -> Result<Reply<Vec<DeadLetterBody>>, Failure> {
    Ok(Reply::list("dead letters", state.app.outbox.dead_letters(&query.ask).await?))
}

/// Publish a dead letter again. Younger events of its subject have gone ahead of it.
#[utoipa::path(
    operation_id = "retry_dead_letter", tag = "outbox", params(("id" = Uuid, Path), Once),
    security(("bearer" = ["events:write"])), responses(
    (status = 202, description = "It waits to be published", body = Envelope<Nothing>),
    (status = 404, description = "No dead letter is this event"),
))]
#[post("/api/v1/outbox/dead-letters/{id}/retry")]
async fn retry(
    state: web::Data<State>,
    caller: Caller,
    once: Once,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Failure> {
    once.answer(caller, async |context| {
        state.app.outbox.retry(&context, *id).await?;
        Ok(Reply::accepted("the event waits to be published", Nothing))
    })
    .await
}

/// Remove a dead letter for good.
#[utoipa::path(
    operation_id = "drop_dead_letter", tag = "outbox", params(("id" = Uuid, Path)),
    security(("bearer" = ["events:write"])), responses(
    (status = 204, description = "Removed"),
    (status = 404, description = "No dead letter is this event"),
))]
#[delete("/api/v1/outbox/dead-letters/{id}")]
async fn discard(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Failure> {
    state.app.outbox.drop(&caller.context(), *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
