//! `/auth/mfa/*`: authenticator apps, and the second half of a login, by one of them or by a passkey.

use actix_web::{HttpResponse, post, web};
use application::auth::{Enrolled, SecondFactor};
use application::limits::Limit;
use garde::Validate;
use qrcode::QrCode;
use qrcode::render::svg;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Services;
use super::auth::{PasswordBody, SessionBody};
use super::passkeys::OptionsBody;
use crate::State;
use crate::edge::{Limited, limited};
use crate::extract::{Anyone, Body, Caller};
use crate::respond::{Envelope, Failure, Reply};

pub(super) fn routes(config: &mut impl Services) {
    config.service(verify).service(begin_passkey).service(finish_passkey);
    config.service(enroll).service(confirm).service(disable);
}

/// A code for the token of a login.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VerifyBody {
    #[garde(skip)]
    #[schema(value_type = String, example = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    mfa_token: SecretString,
    /// Six digits of the app, or a recovery code.
    #[garde(length(chars, min = 1, max = 32))]
    #[schema(example = "287082")]
    code: String,
}

/// The token of a login.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MfaTokenBody {
    #[garde(skip)]
    #[schema(value_type = String, example = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    mfa_token: SecretString,
}

/// An answer of a passkey for the token of a login.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"mfaToken": "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "credential": {"id": "…", "rawId": "…", "type": "public-key", "response": {"clientDataJSON": "…", "authenticatorData": "…", "signature": "…", "userHandle": "…"}, "clientExtensionResults": {}}}))]
struct MfaPasskeyBody {
    #[garde(skip)]
    #[schema(value_type = String, example = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    mfa_token: SecretString,
    /// `toJSON()` of what the browser gave (`AuthenticationResponseJSON`).
    #[garde(skip)]
    #[schema(value_type = Object)]
    credential: Value,
}

/// A code of the app.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CodeBody {
    #[garde(length(chars, min = 1, max = 32))]
    #[schema(example = "287082")]
    code: String,
}

/// What an authenticator app has to be told.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EnrolledBody {
    /// Base 32, to be typed.
    secret: String,
    /// To be opened on the phone itself.
    #[schema(example = "otpauth://totp/id.example.com:ada%40example.com?secret=…&issuer=id.example.com")]
    otpauth_uri: String,
    /// The same as a picture to be scanned (SVG).
    qr_svg: String,
}

impl TryFrom<Enrolled> for EnrolledBody {
    type Error = Failure;

    fn try_from(enrolled: Enrolled) -> Result<Self, Failure> {
        let uri = enrolled.uri.expose_secret();
        let code = QrCode::new(uri).map_err(|_| Failure::internal().because("the QR code is too large"))?;
        Ok(Self {
            secret: enrolled.secret.expose_secret().to_owned(),
            qr_svg: code.render::<svg::Color>().min_dimensions(240, 240).build(),
            otpauth_uri: uri.to_owned(),
        })
    }
}

/// The codes for the loss of the app.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RecoveryBody {
    /// Each works once, in the place of a code of the app.
    #[schema(example = json!(["01ahz-01zjm"]))]
    recovery_codes: Vec<String>,
}

/// Go on with a login that needs a second factor.
#[utoipa::path(tag = "auth", request_body = VerifyBody, responses(
    Limited,
    (status = 200, description = "Logged in", body = Envelope<SessionBody>),
    (status = 401, description = "`invalid_credentials`; `unauthenticated` and `token_expired` for the token"),
    (status = 423, description = "`account_locked`, with Retry-After"),
))]
#[post("/api/v1/auth/mfa/verify", wrap = "limited(Limit::Secrets)")]
async fn verify(
    state: web::Data<State>,
    Anyone(context): Anyone,
    Body(body): Body<VerifyBody>,
) -> Result<Reply<SessionBody>, Failure> {
    let factor = SecondFactor::Code(body.code);
    let signed_in = state.app.auth.verify_second_factor(&context, &body.mfa_token, &factor).await?;
    Ok(Reply::ok("logged in", SessionBody::from(signed_in)).secret())
}

/// Go on with a login by a passkey: what to call `navigator.credentials.get` with.
#[utoipa::path(tag = "auth", request_body = MfaTokenBody, responses(
    Limited,
    (status = 200, description = "Ask the browser", body = Envelope<OptionsBody>),
    (status = 401, description = "`unauthenticated` and `token_expired` for the token"),
    (status = 404, description = "The account has no passkey"),
))]
#[post("/api/v1/auth/mfa/passkey/begin", wrap = "limited(Limit::Secrets)")]
async fn begin_passkey(
    state: web::Data<State>,
    Anyone(context): Anyone,
    Body(body): Body<MfaTokenBody>,
) -> Result<Reply<OptionsBody>, Failure> {
    let options = state.app.auth.begin_passkey_second_factor(&context, &body.mfa_token).await?;
    Ok(Reply::ok("ask the browser for a passkey", OptionsBody::from(options)).secret())
}

/// Go on with a login by what the browser gave.
#[utoipa::path(tag = "auth", request_body = MfaPasskeyBody, responses(
    Limited,
    (status = 200, description = "Logged in", body = Envelope<SessionBody>),
    (status = 401, description = "`invalid_credentials`; `unauthenticated` and `token_expired` for the token"),
    (status = 423, description = "`account_locked`, with Retry-After"),
))]
#[post("/api/v1/auth/mfa/passkey/finish", wrap = "limited(Limit::Secrets)")]
async fn finish_passkey(
    state: web::Data<State>,
    Anyone(context): Anyone,
    Body(body): Body<MfaPasskeyBody>,
) -> Result<Reply<SessionBody>, Failure> {
    let factor = SecondFactor::Passkey(body.credential);
    let signed_in = state.app.auth.verify_second_factor(&context, &body.mfa_token, &factor).await?;
    Ok(Reply::ok("logged in", SessionBody::from(signed_in)).secret())
}

/// Begin with an authenticator app. Needs a proof of the last ten minutes.
#[utoipa::path(tag = "auth", security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 200, description = "To be confirmed by a first code", body = Envelope<EnrolledBody>),
    (status = 401, description = "`reauthentication_required`"),
    (status = 409, description = "There is a confirmed one already"),
))]
#[post("/api/v1/auth/mfa/totp/enroll", wrap = "limited(Limit::Secrets)")]
async fn enroll(state: web::Data<State>, caller: Caller) -> Result<Reply<EnrolledBody>, Failure> {
    state.app.auth.require_recent(&caller)?;
    let enrolled = state.app.auth.enroll_totp(&caller.context(), &caller).await?;
    Ok(Reply::ok("confirm it by a first code", EnrolledBody::try_from(enrolled)?).secret())
}

/// Confirm the app by a first code. From then on logins ask for one; the recovery codes are shown this once.
#[utoipa::path(tag = "auth", request_body = CodeBody, security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 200, description = "Logins ask for a second factor now", body = Envelope<RecoveryBody>),
    (status = 409, description = "There is nothing to confirm"),
))]
#[post("/api/v1/auth/mfa/totp/confirm", wrap = "limited(Limit::Secrets)")]
async fn confirm(
    state: web::Data<State>,
    caller: Caller,
    Body(body): Body<CodeBody>,
) -> Result<Reply<RecoveryBody>, Failure> {
    let codes = state.app.auth.confirm_totp(&caller.context(), &caller, &body.code).await?;
    let recovery_codes = codes.iter().map(|code| code.expose_secret().to_owned()).collect();
    Ok(Reply::ok("keep these codes", RecoveryBody { recovery_codes }).secret())
}

/// Take the app and its recovery codes away.
#[utoipa::path(tag = "auth", request_body = PasswordBody, security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 204, description = "Logins ask for no second factor any more"),
    (status = 401, description = "`invalid_credentials`"),
    (status = 404, description = "There is none"),
    (status = 423, description = "`account_locked`, with Retry-After"),
))]
#[post("/api/v1/auth/mfa/totp/disable", wrap = "limited(Limit::Secrets)")]
async fn disable(
    state: web::Data<State>,
    caller: Caller,
    Body(body): Body<PasswordBody>,
) -> Result<HttpResponse, Failure> {
    state.app.auth.disable_totp(&caller.context(), &caller, &body.password).await?;
    Ok(HttpResponse::NoContent().finish())
}
