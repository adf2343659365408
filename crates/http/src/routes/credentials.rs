//! Passwords and addresses: forgotten, changed, proven anew.

use actix_web::{HttpResponse, post, web};
use application::limits::Limit;
use garde::Validate;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Services;
use super::auth::bounded;
use crate::State;
use crate::edge::{Limited, evenly, limited};
use crate::extract::{Anyone, Body, Caller};
use crate::once::Once;
use crate::respond::{Envelope, Failure, Nothing, Reply};

pub(super) fn routes(config: &mut impl Services) {
    config.service(resend_verification).service(forgot_password).service(reset_password);
    config.service(change_password).service(change_email);
}

/// An address.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EmailBody {
    #[garde(length(chars, min = 3, max = 254))]
    #[schema(example = "ada@example.com")]
    email: String,
}

/// A token from a mail, and a password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ResetBody {
    #[garde(skip)]
    #[schema(value_type = String, example = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    token: SecretString,
    /// 8 to 128 characters, compared exactly as given.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128, example = "correct horse battery")]
    password: SecretString,
}

/// The password that is, and the one that shall be.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PasswordChangeBody {
    #[garde(custom(bounded))]
    #[schema(value_type = String, format = Password, example = "correct horse battery")]
    current_password: SecretString,
    /// 8 to 128 characters, compared exactly as given.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128, example = "staple correct horse")]
    new_password: SecretString,
}

/// Ask for another mail to prove an address with. The answer is the same for every address.
#[utoipa::path(tag = "auth", request_body = EmailBody, responses(
    Limited,
    (status = 202, description = "If there is something to prove, a mail is on its way", body = Envelope<Nothing>),
))]
#[post("/api/v1/auth/resend-verification", wrap = "evenly()", wrap = "limited(Limit::Mails)")]
async fn resend_verification(
    state: web::Data<State>,
    Anyone(context): Anyone,
    Body(body): Body<EmailBody>,
) -> Result<Reply<Nothing>, Failure> {
    state.app.auth.resend_verification(&context, &body.email).await?;
    Ok(Reply::accepted("if there is something to prove, a mail is on its way", Nothing))
}

/// Ask for a mail to choose a password with. The answer is the same for every address.
#[utoipa::path(tag = "auth", request_body = EmailBody, responses(
    Limited,
    (status = 202, description = "If the address is known, a mail is on its way", body = Envelope<Nothing>),
))]
#[post("/api/v1/auth/forgot-password", wrap = "evenly()", wrap = "limited(Limit::Mails)")]
async fn forgot_password(
    state: web::Data<State>,
    Anyone(context): Anyone,
    Body(body): Body<EmailBody>,
) -> Result<Reply<Nothing>, Failure> {
    state.app.auth.forgot_password(&context, &body.email).await?;
    Ok(Reply::accepted("if the address is known, a mail is on its way", Nothing))
}

/// Choose a password with the token from a mail. Works once, within 30 minutes, and ends every session.
#[utoipa::path(tag = "auth", request_body = ResetBody, responses(
    Limited,
    (status = 200, description = "The password is the new one", body = Envelope<Nothing>),
))]
#[post("/api/v1/auth/reset-password", wrap = "limited(Limit::Secrets)")]
async fn reset_password(
    state: web::Data<State>,
    Anyone(context): Anyone,
    Body(body): Body<ResetBody>,
) -> Result<Reply<Nothing>, Failure> {
    state.app.auth.reset_password(&context, &body.token, &body.password).await?;
    Ok(Reply::ok("the password is changed", Nothing))
}

/// Choose another password. Ends the caller's other sessions.
#[utoipa::path(tag = "auth", request_body = PasswordChangeBody, security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 204, description = "The password is the new one"),
    (status = 401, description = "`invalid_credentials`"),
    (status = 423, description = "`account_locked`, with Retry-After"),
))]
#[post("/api/v1/auth/change-password", wrap = "limited(Limit::Secrets)")]
async fn change_password(
    state: web::Data<State>,
    caller: Caller,
    Body(body): Body<PasswordChangeBody>,
) -> Result<HttpResponse, Failure> {
    let (current, new) = (&body.current_password, &body.new_password);
    state.app.auth.change_password(&caller.context(), &caller, current, new).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ask for another address. It counts once it is proven; the former one is told. Needs a proof of the last ten minutes.
#[utoipa::path(tag = "auth", request_body = EmailBody, params(Once), security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 202, description = "A mail is on its way to both", body = Envelope<Nothing>),
    (status = 401, description = "`reauthentication_required`"),
))]
#[post("/api/v1/auth/change-email", wrap = "limited(Limit::Mails)")]
async fn change_email(
    state: web::Data<State>,
    caller: Caller,
    once: Once,
    Body(body): Body<EmailBody>,
) -> Result<HttpResponse, Failure> {
    state.app.auth.require_recent(&caller)?;
    let user = caller.user_id;
    once.answer(caller, async |context| {
        state.app.auth.change_email(&context, user, &body.email).await?;
        Ok(Reply::accepted("a mail is on its way to both addresses", Nothing))
    })
    .await
}
