//! `/api-keys`: keys that programs present in the place of their owner.

use actix_web::{HttpResponse, delete, get, post, web};
use application::auth::{CreatedApiKey, NewApiKey};
use chrono::{DateTime, Utc};
use domain::ApiKey;
use garde::Validate;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Services;
use crate::State;
use crate::extract::{Body, Caller};
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(list).service(create).service(revoke);
}

/// A key to be made.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewApiKeyBody {
    /// How its owner calls it; 1 to 64 characters.
    #[garde(skip)]
    #[schema(example = "Nightly report")]
    name: String,
    /// What it may do: permissions that the caller has, wildcards as in the caller's grants.
    #[garde(skip)]
    #[schema(example = json!(["profile:read"]))]
    scopes: Vec<String>,
    /// Worth nothing from then on (RFC 3339); without it, good until revoked.
    #[garde(skip)]
    #[schema(example = "2027-11-21T00:00:00.000Z")]
    expires_at: Option<DateTime<Utc>>,
}

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ApiKeyBody {
    id: Uuid,
    #[schema(example = "Nightly report")]
    name: String,
    /// Its beginning, to recognise it by.
    #[schema(example = "msk_3q2-7wAA")]
    prefix: String,
    #[schema(example = json!(["profile:read"]))]
    scopes: Vec<String>,
    /// The tenant that it speaks for.
    tenant_id: Option<Uuid>,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    created_at: String,
    #[schema(example = "2027-11-21T00:00:00.000Z")]
    expires_at: Option<String>,
    /// To the minute.
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    last_used_at: Option<String>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CreatedApiKeyBody {
    /// For the `Authorization` header, as `Bearer msk_…`; shown this once.
    #[schema(example = "msk_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    key: String,
    #[serde(flatten)]
    about: ApiKeyBody,
}

impl From<ApiKey> for ApiKeyBody {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.uuid,
            name: key.name.to_string(),
            prefix: key.prefix,
            scopes: key.scopes.iter().map(ToString::to_string).collect(),
            tenant_id: key.tenant,
            created_at: rfc3339(key.created_at),
            expires_at: key.expires_at.map(rfc3339),
            last_used_at: key.last_used_at.map(rfc3339),
        }
    }
}

impl From<CreatedApiKey> for CreatedApiKeyBody {
    fn from(created: CreatedApiKey) -> Self {
        Self { key: created.text.expose_secret().to_owned(), about: created.key.into() }
    }
}

/// The caller's keys, from old to new, expired ones too; there are at most 50.
#[utoipa::path(tag = "api-keys", security(("bearer" = ["profile:read"])), responses(
    (status = 200, description = "Keys", body = Envelope<Vec<ApiKeyBody>>),
))]
#[get("/api/v1/api-keys")]
async fn list(state: web::Data<State>, caller: Caller) -> Result<Reply<Vec<ApiKeyBody>>, Failure> {
    let keys = state.app.auth.api_keys(&caller).await?;
    let keys: Vec<_> = keys.into_iter().map(ApiKeyBody::from).collect();
    Ok(Reply::ok("your keys", keys).personal())
}

/// Make a key, which is shown this once. It never does more than its owner may, speaks for the tenant that the caller's
/// token speaks for, and can't change how its owner logs in. Needs a proof of the last ten minutes.
#[utoipa::path(tag = "api-keys", request_body = NewApiKeyBody, security(("bearer" = ["credentials:write"])), responses(
    (status = 201, description = "The key", body = Envelope<CreatedApiKeyBody>),
    (status = 401, description = "`reauthentication_required`"),
    (status = 409, description = "The caller has as many as one may have"),
))]
#[post("/api/v1/api-keys")]
async fn create(
    state: web::Data<State>,
    caller: Caller,
    Body(body): Body<NewApiKeyBody>,
) -> Result<Reply<CreatedApiKeyBody>, Failure> {
    state.app.auth.require_recent(&caller)?;
    let new = NewApiKey { name: body.name, scopes: body.scopes, expires_at: body.expires_at };
    let created = state.app.auth.create_api_key(&caller.context(), &caller, &new).await?;
    let location = format!("/api/v1/api-keys/{}", created.key.uuid);
    Ok(Reply::created("keep this key", CreatedApiKeyBody::from(created), &location).secret())
}

/// Revoke one of the caller's keys.
#[utoipa::path(tag = "api-keys", params(("id" = Uuid, Path)), security(("bearer" = ["credentials:write"])), responses(
    (status = 204, description = "Refused from now on, on every replica"),
    (status = 404, description = "The caller has no such key"),
))]
#[delete("/api/v1/api-keys/{id}")]
async fn revoke(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Failure> {
    state.app.auth.revoke_api_key(&caller.context(), &caller, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
