//! `/auth/passkeys/*`: passkeys registered, used to log in, looked at, taken away.
//!
//! Options and credentials are the JSON of WebAuthn Level 3 (sections 5.1.8 to 5.1.11), as browsers give and take it; what
//! it says is not looked into here.

use actix_web::{HttpResponse, delete, get, post, web};
use application::limits::Limit;
use domain::Passkey;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Services;
use super::auth::SessionBody;
use crate::State;
use crate::edge::{Limited, limited};
use crate::extract::{Anyone, Body, Caller};
use crate::once::Once;
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(begin_registration).service(finish_registration).service(list).service(remove);
    config.service(begin_login).service(finish_login);
}

/// Options of a call of the browser.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"publicKey": {"challenge": "dGhp…", "rpId": "id.example.com", "userVerification": "required"}}))]
pub(super) struct OptionsBody {
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`. Good for five minutes, once.
    #[schema(value_type = Object)]
    public_key: Value,
}

impl From<Value> for OptionsBody {
    fn from(public_key: Value) -> Self {
        Self { public_key }
    }
}

/// A new passkey.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"label": "Telephone", "credential": {"id": "…", "rawId": "…", "type": "public-key", "response": {"clientDataJSON": "…", "attestationObject": "…", "transports": ["internal"]}, "clientExtensionResults": {}}}))]
struct PasskeyRegistrationBody {
    /// How its owner calls it; 1 to 64 characters.
    #[garde(skip)]
    #[schema(example = "Telephone")]
    label: Option<String>,
    /// `toJSON()` of what the browser made (`RegistrationResponseJSON`).
    #[garde(skip)]
    #[schema(value_type = Object)]
    credential: Value,
}

/// An answer of a passkey, to log in.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"credential": {"id": "…", "rawId": "…", "type": "public-key", "response": {"clientDataJSON": "…", "authenticatorData": "…", "signature": "…", "userHandle": "…"}, "clientExtensionResults": {}}}))]
struct PasskeyLoginBody {
    /// `toJSON()` of what the browser gave (`AuthenticationResponseJSON`).
    #[garde(skip)]
    #[schema(value_type = Object)]
    credential: Value,
    /// The tenant that the access token shall speak for.
    #[garde(skip)]
    tenant_id: Option<Uuid>,
}

/// A passkey.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PasskeyBody {
    id: Uuid,
    #[schema(example = "Telephone")]
    label: String,
    /// How browsers reach it.
    #[schema(example = json!(["internal", "hybrid"]))]
    transports: Vec<String>,
    /// Whether it may be synchronised between devices.
    backup_eligible: bool,
    /// Whether it was, when last told.
    backed_up: bool,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    created_at: String,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    last_used_at: Option<String>,
}

impl From<Passkey> for PasskeyBody {
    fn from(passkey: Passkey) -> Self {
        Self {
            id: passkey.uuid,
            label: passkey.label.to_string(),
            transports: passkey.transports,
            backup_eligible: passkey.backup_eligible,
            backed_up: passkey.backed_up,
            created_at: rfc3339(passkey.created_at),
            last_used_at: passkey.last_used_at.map(rfc3339),
        }
    }
}

/// Begin to register a passkey: what to call `navigator.credentials.create` with. Needs a proof of the last ten minutes.
#[utoipa::path(tag = "auth", security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 200, description = "Ask the browser", body = Envelope<OptionsBody>),
    (status = 401, description = "`reauthentication_required`"),
    (status = 409, description = "The caller has as many as one may have"),
))]
#[post("/api/v1/auth/passkeys/register/begin", wrap = "limited(Limit::Secrets)")]
async fn begin_registration(state: web::Data<State>, caller: Caller) -> Result<Reply<OptionsBody>, Failure> {
    state.app.auth.require_recent(&caller)?;
    let options = state.app.auth.begin_passkey_registration(&caller.context(), &caller).await?;
    Ok(Reply::ok("ask the browser for a passkey", OptionsBody::from(options)).secret())
}

/// Keep the passkey that the browser made. Needs a proof of the last ten minutes.
#[utoipa::path(tag = "auth", request_body = PasskeyRegistrationBody, params(Once), security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 201, description = "Kept", body = Envelope<PasskeyBody>),
    (status = 401, description = "`reauthentication_required`"),
    (status = 409, description = "It is somebody's already, or the caller has as many as one may have"),
))]
#[post("/api/v1/auth/passkeys/register/finish", wrap = "limited(Limit::Secrets)")]
async fn finish_registration(
    state: web::Data<State>,
    caller: Caller,
    once: Once,
    Body(body): Body<PasskeyRegistrationBody>,
) -> Result<HttpResponse, Failure> {
    state.app.auth.require_recent(&caller)?;
    let (auth, owner) = (&state.app.auth, caller.principal());
    once.answer(caller, async |context| {
        let (label, credential) = (body.label.as_deref(), &body.credential);
        let passkey = auth.finish_passkey_registration(&context, &owner, label, credential).await?;
        let location = format!("/api/v1/auth/passkeys/{}", passkey.uuid);
        Ok(Reply::created("the passkey is kept", PasskeyBody::from(passkey), &location))
    })
    .await
}

/// Begin to log in with a passkey: what to call `navigator.credentials.get` with. Nobody needs to say who they are.
#[utoipa::path(tag = "auth", responses(
    Limited,
    (status = 200, description = "Ask the browser", body = Envelope<OptionsBody>),
))]
#[post("/api/v1/auth/passkeys/login/begin", wrap = "limited(Limit::Secrets)")]
async fn begin_login(
    state: web::Data<State>,
    Anyone(context): Anyone,
) -> Result<Reply<OptionsBody>, Failure> {
    let options = state.app.auth.begin_passkey_login(&context).await?;
    Ok(Reply::ok("ask the browser for a passkey", OptionsBody::from(options)).secret())
}

/// Log in with what the browser gave. No second factor is asked for: an unlocked passkey is two.
#[utoipa::path(tag = "auth", request_body = PasskeyLoginBody, responses(
    Limited,
    (status = 200, description = "Logged in", body = Envelope<SessionBody>),
    (status = 401, description = "`invalid_credentials`"),
))]
#[post("/api/v1/auth/passkeys/login/finish", wrap = "limited(Limit::Secrets)")]
async fn finish_login(
    state: web::Data<State>,
    Anyone(context): Anyone,
    Body(body): Body<PasskeyLoginBody>,
) -> Result<Reply<SessionBody>, Failure> {
    let signed_in = state.app.auth.finish_passkey_login(&context, &body.credential, body.tenant_id).await?;
    Ok(Reply::ok("logged in", SessionBody::from(signed_in)).secret())
}

/// The caller's passkeys, from old to new; there are at most 20.
#[utoipa::path(tag = "auth", security(("bearer" = ["profile:read"])), responses(
    Limited,
    (status = 200, description = "Passkeys", body = Envelope<Vec<PasskeyBody>>),
))]
#[get("/api/v1/auth/passkeys", wrap = "limited(Limit::Sessions)")]
async fn list(state: web::Data<State>, caller: Caller) -> Result<Reply<Vec<PasskeyBody>>, Failure> {
    let passkeys = state.app.auth.passkeys(&caller).await?;
    let passkeys: Vec<_> = passkeys.into_iter().map(PasskeyBody::from).collect();
    Ok(Reply::ok("your passkeys", passkeys).personal())
}

/// Take one of the caller's passkeys away. Needs a proof of the last ten minutes.
#[utoipa::path(tag = "auth", params(("id" = Uuid, Path)), security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 204, description = "Nobody gets in with it any more"),
    (status = 401, description = "`reauthentication_required`"),
    (status = 404, description = "The caller has no such passkey"),
    (status = 409, description = "There is no other way to log in"),
))]
#[delete("/api/v1/auth/passkeys/{id}", wrap = "limited(Limit::Secrets)")]
async fn remove(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Failure> {
    state.app.auth.require_recent(&caller)?;
    state.app.auth.remove_passkey(&caller.context(), &caller, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
