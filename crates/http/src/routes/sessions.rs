//! `/auth/sessions` and what ends or renews them.

use actix_web::{HttpResponse, delete, get, post, web};
use application::Error;
use application::auth::FreshProof;
use application::limits::Limit;
use domain::Session;
use garde::Validate;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Services;
use super::auth::bounded;
use super::passkeys::OptionsBody;
use crate::State;
use crate::edge::{Limited, limited};
use crate::extract::{Body, Caller, ListParams, ListQuery};
use crate::respond::{Envelope, Failure, Nothing, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(list).service(end).service(end_all).service(switch_tenant);
    config.service(reauthenticate).service(begin_passkey);
}

/// A login on one device.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SessionRow {
    id: Uuid,
    #[schema(example = "Mozilla/5.0")]
    user_agent: Option<String>,
    #[schema(example = "203.0.113.9")]
    ip: Option<String>,
    /// How its person proved who they are (RFC 8176).
    #[schema(example = json!(["pwd"]))]
    methods: Vec<String>,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    created_at: String,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    last_used_at: String,
    #[schema(example = "2027-02-19T02:03:04.005Z")]
    expires_at: String,
    /// Whether it is the one that asks.
    current: bool,
}

impl From<Session> for SessionRow {
    fn from(session: Session) -> Self {
        Self {
            id: session.base.uuid,
            methods: session.methods.claim(),
            user_agent: session.user_agent,
            ip: session.ip,
            created_at: rfc3339(session.base.created_at),
            last_used_at: rfc3339(session.last_used_at),
            expires_at: rfc3339(session.expires_at),
            current: false,
        }
    }
}

/// Which tenant later tokens speak for.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"tenantId": "0198c5c0-7b6e-7000-8000-000000000000"}))]
struct SwitchBody {
    /// `null` for none.
    #[garde(skip)]
    tenant_id: Option<Uuid>,
}

/// An access token for another tenant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SwitchedBody {
    /// For the `Authorization` header.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds the access token is good for.
    #[schema(example = 900)]
    expires_in: u64,
}

/// Nothing to choose by.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Choice {}

/// The caller's sessions that have not ended, from new to old. Sort: `createdAt`.
#[utoipa::path(tag = "auth", params(ListParams, Choice), security(("bearer" = ["profile:read"])), responses(
    Limited,
    (status = 200, description = "Sessions", body = Envelope<Vec<SessionRow>>),
))]
#[get("/api/v1/auth/sessions", wrap = "limited(Limit::Sessions)")]
async fn list(
    state: web::Data<State>,
    caller: Caller,
    query: ListQuery<Choice>,
) -> Result<Reply<Vec<SessionRow>>, Failure> {
    let listed = state.app.auth.sessions(&caller, &query.ask).await?;
    let row = |session| {
        let row = SessionRow::from(session);
        SessionRow { current: row.id == caller.session, ..row }
    };
    Ok(Reply::list("your sessions", listed.map(row)).personal())
}

/// End one of the caller's sessions.
#[utoipa::path(tag = "auth", params(("id" = Uuid, Path)), security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 204, description = "Ended, on every replica"),
    (status = 404, description = "The caller has no such session, or it has ended"),
))]
#[delete("/api/v1/auth/sessions/{id}", wrap = "limited(Limit::Sessions)")]
async fn end(state: web::Data<State>, caller: Caller, id: web::Path<Uuid>) -> Result<HttpResponse, Failure> {
    state.app.auth.end_session(&caller.context(), &caller, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End all of the caller's sessions, this one too.
#[utoipa::path(tag = "auth", security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 204, description = "Ended, on every replica"),
))]
#[post("/api/v1/auth/logout-all", wrap = "limited(Limit::Sessions)")]
async fn end_all(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Failure> {
    state.app.auth.end_all_sessions(&caller.context(), &caller).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// One of three proofs.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"password": "correct horse battery"}))]
struct ProofBody {
    #[garde(inner(custom(bounded)))]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
    /// Six digits of the app, or a recovery code.
    #[garde(length(chars, min = 1, max = 32))]
    code: Option<String>,
    /// `toJSON()` of what the browser gave (`AuthenticationResponseJSON`).
    #[garde(skip)]
    #[schema(value_type = Option<Object>)]
    credential: Option<Value>,
}

impl TryFrom<ProofBody> for FreshProof {
    type Error = Failure;

    fn try_from(body: ProofBody) -> Result<Self, Failure> {
        match (body.password, body.code, body.credential) {
            (Some(password), None, None) => Ok(Self::Password(password)),
            (None, Some(code), None) => Ok(Self::Code(code)),
            (None, None, Some(credential)) => Ok(Self::Passkey(credential)),
            _ => Err(Error::field("password", "required", "or code or credential is required, and no other")
                .into()),
        }
    }
}

/// Prove again who you are, by password, by a code of the app or a recovery code, or by a passkey. For ten minutes the session may do what is dangerous then (RFC 9470).
#[utoipa::path(tag = "auth", request_body = ProofBody, security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 200, description = "Proven", body = Envelope<Nothing>),
    (status = 401, description = "`invalid_credentials`"),
    (status = 423, description = "`account_locked`, with Retry-After"),
))]
#[post("/api/v1/auth/reauthenticate", wrap = "limited(Limit::Secrets)")]
async fn reauthenticate(
    state: web::Data<State>,
    caller: Caller,
    Body(body): Body<ProofBody>,
) -> Result<Reply<Nothing>, Failure> {
    state.app.auth.reauthenticate(&caller.context(), &caller, &body.try_into()?).await?;
    Ok(Reply::ok("proven for ten minutes", Nothing))
}

/// Get an access token for another of the caller's tenants. The session's later ones speak for it, too.
#[utoipa::path(tag = "auth", request_body = SwitchBody, security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 200, description = "The token", body = Envelope<SwitchedBody>),
    (status = 403, description = "`mfa_required`: the tenant asks for a session with a second factor"),
    (status = 404, description = "The caller has no such tenant"),
))]
#[post("/api/v1/auth/switch-tenant", wrap = "limited(Limit::Sessions)")]
async fn switch_tenant(
    state: web::Data<State>,
    caller: Caller,
    Body(body): Body<SwitchBody>,
) -> Result<Reply<SwitchedBody>, Failure> {
    let switched = state.app.auth.switch_tenant(&caller.context(), &caller, body.tenant_id).await?;
    let data = SwitchedBody {
        access_token: switched.access_token.expose_secret().to_owned(),
        token_type: "Bearer",
        expires_in: switched.expires_in,
    };
    Ok(Reply::ok("a token for the tenant", data).secret())
}

/// Begin to prove it by a passkey: what to call `navigator.credentials.get` with.
#[utoipa::path(tag = "auth", security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 200, description = "Ask the browser", body = Envelope<OptionsBody>),
    (status = 404, description = "The caller has no passkey"),
))]
#[post("/api/v1/auth/reauthenticate/passkey/begin", wrap = "limited(Limit::Secrets)")]
async fn begin_passkey(state: web::Data<State>, caller: Caller) -> Result<Reply<OptionsBody>, Failure> {
    let options = state.app.auth.begin_passkey_step_up(&caller.context(), &caller).await?;
    Ok(Reply::ok("ask the browser for a passkey", OptionsBody::from(options)).secret())
}
