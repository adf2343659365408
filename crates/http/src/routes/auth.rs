//! `/auth/*`: registration, login, tokens.

use actix_web::{HttpResponse, post, web};
use application::auth::{Challenge, LoggedIn, Login, Registration, SignedIn};
use application::limits::Limit;
use garde::Validate;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Services;
use super::users::UserBody;
use crate::State;
use crate::edge::{Limited, evenly, limited};
use crate::extract::{Anyone, Body, Caller};
use crate::respond::{Envelope, Failure, Nothing, Reply};

pub(super) fn routes(config: &mut impl Services) {
    config.service(register).service(verify_email).service(login).service(refresh).service(logout);
}

/// A registration.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RegisterBody {
    #[garde(length(chars, min = 3, max = 254))]
    #[schema(example = "ada@example.com")]
    email: String,
    /// 8 to 128 characters, compared exactly as given.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128, example = "correct horse battery")]
    password: SecretString,
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(example = "Ada")]
    display_name: Option<String>,
}

/// A token from a mail.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TokenBody {
    #[garde(skip)]
    #[schema(value_type = String, example = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    token: SecretString,
}

/// Credentials.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LoginBody {
    #[garde(length(chars, max = 254))]
    #[schema(example = "ada@example.com")]
    email: String,
    #[garde(custom(bounded))]
    #[schema(value_type = String, format = Password, example = "correct horse battery")]
    password: SecretString,
    /// The tenant that the access token shall speak for.
    #[garde(skip)]
    tenant_id: Option<Uuid>,
}

/// The caller's password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PasswordBody {
    #[garde(custom(bounded))]
    #[schema(value_type = String, format = Password, example = "correct horse battery")]
    pub(super) password: SecretString,
}

/// A refresh token.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RefreshBody {
    #[garde(skip)]
    #[schema(value_type = String, example = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    refresh_token: SecretString,
}

/// Tokens of a session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionBody {
    /// JWT (RFC 9068) for the `Authorization` header.
    access_token: String,
    /// Opaque; each refresh gives a new one.
    refresh_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    #[schema(example = 900)]
    expires_in: u64,
    /// Seconds.
    #[schema(example = 2_592_000)]
    refresh_expires_in: u64,
    session_id: Uuid,
    user: UserBody,
}

/// A first proof that needs a second factor.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChallengeBody {
    /// Always true.
    #[schema(example = true)]
    mfa_required: bool,
    /// To be given with the code at `/auth/mfa/verify`, or at `/auth/mfa/passkey`; good for five minutes and five tries.
    mfa_token: String,
    /// What will do.
    #[schema(example = json!(["totp", "recovery_code", "passkey"]))]
    methods: Vec<&'static str>,
}

/// What a first proof gives.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum LoginReply {
    Session(Box<SessionBody>),
    Challenge(ChallengeBody),
}

impl LoginReply {
    /// What every way to log in answers.
    pub(super) fn of(logged_in: LoggedIn) -> Reply<Self> {
        match logged_in {
            LoggedIn::Admitted(signed_in) => {
                Reply::ok("logged in", Self::Session(Box::new(SessionBody::from(*signed_in))))
            }
            LoggedIn::Challenged(challenge) => {
                Reply::ok("a second factor is needed", Self::Challenge(challenge.into()))
            }
        }
        .secret()
    }
}

impl From<Challenge> for ChallengeBody {
    fn from(challenge: Challenge) -> Self {
        Self {
            mfa_required: true,
            mfa_token: challenge.token.expose_secret().to_owned(),
            methods: challenge.methods,
        }
    }
}

/// Longer than any password: nothing to hash, nothing to keep.
const PASSWORD_BYTES: usize = 1024;

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that garde calls")]
pub(super) fn bounded(password: &SecretString, (): &()) -> garde::Result {
    if password.expose_secret().len() <= PASSWORD_BYTES {
        Ok(())
    } else {
        Err(garde::Error::new("length is too great"))
    }
}

impl From<SignedIn> for SessionBody {
    fn from(signed_in: SignedIn) -> Self {
        Self {
            access_token: signed_in.access_token.expose_secret().to_owned(),
            refresh_token: signed_in.refresh_token.expose_secret().to_owned(),
            token_type: "Bearer",
            expires_in: signed_in.expires_in,
            refresh_expires_in: signed_in.refresh_expires_in,
            session_id: signed_in.session,
            user: signed_in.user.into(),
        }
    }
}

/// Register. The answer is the same for a known address; a mail tells its owner more.
#[utoipa::path(tag = "auth", request_body = RegisterBody, responses(Limited, (status = 202, description = "A mail is on its way", body = Envelope<Nothing>)))]
#[post("/api/v1/auth/register", wrap = "evenly()", wrap = "limited(Limit::Mails)")]
async fn register(
    state: web::Data<State>,
    Anyone(context): Anyone,
    Body(body): Body<RegisterBody>,
) -> Result<Reply<Nothing>, Failure> {
    let registration =
        Registration { email: body.email, password: body.password, display_name: body.display_name };
    state.app.auth.register(&context, registration).await?;
    Ok(Reply::accepted("a mail with a link is on its way", Nothing))
}

/// Prove an address with the token from a mail. Works once, within 24 hours.
#[utoipa::path(tag = "auth", request_body = TokenBody, responses(Limited, (status = 200, description = "The address is proven", body = Envelope<Nothing>)))]
#[post("/api/v1/auth/verify-email", wrap = "limited(Limit::Secrets)")]
async fn verify_email(
    state: web::Data<State>,
    Anyone(context): Anyone,
    Body(body): Body<TokenBody>,
) -> Result<Reply<Nothing>, Failure> {
    state.app.auth.verify_email(&context, &body.token).await?;
    Ok(Reply::ok("the e-mail address is verified", Nothing))
}

/// Log in. With a second factor the answer is a token to give it with. Unknown address and wrong password look alike; five wrong ones from one network lock for 15 minutes.
#[utoipa::path(tag = "auth", request_body = LoginBody, responses(
    Limited,
    (status = 200, description = "Logged in, or `mfaRequired`", body = Envelope<LoginReply>),
    (status = 401, description = "`invalid_credentials`"),
    (status = 403, description = "`email_not_verified`, only after a right password"),
    (status = 423, description = "`account_locked`, with Retry-After"),
))]
#[post("/api/v1/auth/login", wrap = "evenly()", wrap = "limited(Limit::Secrets)")]
async fn login(
    state: web::Data<State>,
    Anyone(context): Anyone,
    Body(body): Body<LoginBody>,
) -> Result<Reply<LoginReply>, Failure> {
    let login = Login { email: body.email, password: body.password, tenant: body.tenant_id };
    Ok(LoginReply::of(state.app.auth.login(&context, login).await?))
}

/// Exchange a refresh token for a new pair. The old one is spent.
#[utoipa::path(tag = "auth", request_body = RefreshBody, responses(
    Limited,
    (status = 200, description = "A new pair", body = Envelope<SessionBody>),
    (status = 401, description = "`token_expired`, `token_revoked` (also when a spent token came back late)"),
    (status = 409, description = "`refresh_superseded`: its successor is in use already"),
))]
#[post("/api/v1/auth/refresh", wrap = "limited(Limit::Sessions)")]
async fn refresh(
    state: web::Data<State>,
    Anyone(context): Anyone,
    Body(body): Body<RefreshBody>,
) -> Result<Reply<SessionBody>, Failure> {
    let signed_in = state.app.auth.refresh(&context, &body.refresh_token).await?;
    Ok(Reply::ok("refreshed", SessionBody::from(signed_in)).secret())
}

/// End the session: with the access token, or with a refresh token in the body when that has expired.
#[utoipa::path(tag = "auth", request_body(content = Option<RefreshBody>), security((), ("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 204, description = "Ended, on every replica"),
    (status = 401, description = "Neither token is usable"),
))]
#[post("/api/v1/auth/logout", wrap = "limited(Limit::Sessions)")]
async fn logout(
    state: web::Data<State>,
    Anyone(context): Anyone,
    caller: Result<Caller, Failure>,
    body: Result<Body<RefreshBody>, Failure>,
) -> Result<HttpResponse, Failure> {
    match (caller, body) {
        (Ok(caller), _) => {
            state.app.auth.logout(&caller.context(), &caller).await?;
        }
        (Err(_), Ok(Body(body))) => {
            state.app.auth.logout_by_refresh_token(&context, &body.refresh_token).await?;
        }
        (Err(refused), Err(_)) => return Err(refused),
    }
    Ok(HttpResponse::NoContent().finish())
}
