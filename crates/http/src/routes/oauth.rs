//! `/auth/oauth/*` and `/auth/identities`: logging in by way of other providers, and the accounts there.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, delete, get, post, web};
use application::auth::{Departure, OAuthBegin, OAuthExchange, OAuthReturn};
use application::limits::Limit;
use domain::Identity;
use garde::Validate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Services;
use super::auth::LoginReply;
use crate::State;
use crate::edge::{Limited, limited};
use crate::extract::{Anyone, Body, Browser, Caller, Query};
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(authorize).service(callback).service(exchange).service(link);
    config.service(identities).service(unlink);
}

/// What a login with another provider shall lead to.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuthorizeQuery {
    /// Where the browser goes in the end; one of the configured ones, letter by letter.
    #[garde(length(bytes, max = 2048))]
    #[param(example = "https://app.example.com/signed-in")]
    redirect_uri: String,
    /// base64url(SHA-256(`codeVerifier`)) (RFC 7636, S256). Without one, the exchange has to carry the browser's cookie.
    #[garde(length(bytes, max = 128))]
    #[param(example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    code_challenge: Option<String>,
    /// The tenant that the access token shall speak for.
    #[garde(skip)]
    tenant_id: Option<Uuid>,
}

/// What a provider sends back. There may be more, which nobody asked for.
#[derive(Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
struct CallbackQuery {
    #[garde(skip)]
    #[param(value_type = String)]
    state: SecretString,
    #[garde(skip)]
    #[param(value_type = Option<String>)]
    code: Option<SecretString>,
    #[garde(skip)]
    error: Option<String>,
    /// RFC 9207.
    #[garde(skip)]
    iss: Option<String>,
}

/// A code from the application's address.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExchangeBody {
    #[garde(skip)]
    #[schema(value_type = String, example = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    code: SecretString,
    /// What `codeChallenge` announced.
    #[garde(skip)]
    #[schema(value_type = Option<String>, example = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")]
    code_verifier: Option<SecretString>,
}

/// Where the browser comes back to once the account is linked.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LinkBody {
    #[garde(length(bytes, max = 2048))]
    #[schema(example = "https://app.example.com/settings")]
    redirect_uri: String,
}

/// Where to send the browser.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LinkReply {
    /// At the provider. The browser that goes there has to be the one that got the cookie with this answer.
    #[schema(example = "https://accounts.google.com/o/oauth2/v2/auth?client_id=…")]
    authorization_url: String,
}

/// An account with another provider.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct IdentityRow {
    id: Uuid,
    #[schema(example = "google")]
    provider: String,
    /// Its address there.
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    linked_at: String,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    last_used_at: String,
}

impl From<Identity> for IdentityRow {
    fn from(identity: Identity) -> Self {
        Self {
            id: identity.uuid,
            provider: identity.provider,
            email: identity.email,
            linked_at: rfc3339(identity.created_at),
            last_used_at: rfc3339(identity.last_used_at),
        }
    }
}

/// Send the browser on (RFC 9110, section 15.4.3). Nobody keeps it: it is good once.
fn to(url: &Url, cookie: Option<HeaderValue>) -> Result<HttpResponse, Failure> {
    let location = HeaderValue::from_str(url.as_str()).map_err(|_| Failure::internal())?;
    let mut response = HttpResponse::Found().finish();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        headers.insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Log in with another provider. To be opened by the browser itself.
#[utoipa::path(tag = "auth", params(("provider" = String, Path, example = "google"), AuthorizeQuery), responses(
    Limited,
    (status = 302, description = "To the provider, with a cookie for the way back; to `redirectUri` with `error=provider_…` when it is of no help"),
    (status = 404, description = "There is no such provider"),
))]
#[get("/api/v1/auth/oauth/{provider}/authorize", wrap = "limited(Limit::Secrets)")]
async fn authorize(
    state: web::Data<State>,
    Anyone(context): Anyone,
    browser: Browser,
    provider: web::Path<String>,
    Query(query): Query<AuthorizeQuery>,
) -> Result<HttpResponse, Failure> {
    let begin = OAuthBegin {
        provider: provider.into_inner(),
        redirect_uri: query.redirect_uri,
        code_challenge: query.code_challenge,
        tenant: query.tenant_id,
    };
    let Departure { url, browser: secret } = state.app.auth.begin_oauth(&context, &begin, None).await?;
    to(&url, browser.keeps(&secret))
}

/// Where providers send browsers back to. It leads on to `redirectUri`, with `code`, `linked` or `error`: `access_denied`, `state_invalid`, `login_expired`, `provider_failed`, `provider_unavailable`, `email_not_verified`, `account_closed`, `identity_taken`, `session_ended`.
#[utoipa::path(tag = "auth", params(("provider" = String, Path, example = "google"), CallbackQuery), responses(
    Limited,
    (status = 302, description = "To `redirectUri`; a `code` is good once, for a minute"),
    (status = 422, description = "`token_invalid`: nobody knows this login"),
))]
#[get("/api/v1/auth/oauth/{provider}/callback", wrap = "limited(Limit::Secrets)")]
async fn callback(
    state: web::Data<State>,
    Anyone(context): Anyone,
    browser: Browser,
    provider: web::Path<String>,
    Query(query): Query<CallbackQuery>,
) -> Result<HttpResponse, Failure> {
    let back = OAuthReturn {
        provider: provider.into_inner(),
        state: query.state,
        code: query.code,
        error: query.error,
        issuer: query.iss,
        browser: browser.secret,
    };
    let url = state.app.auth.finish_oauth(&context, &back).await?;
    to(&url, None)
}

/// Exchange the code for a session, once. Needs `codeVerifier`, or the browser's cookie if none was announced.
#[utoipa::path(tag = "auth", request_body = ExchangeBody, responses(
    Limited,
    (status = 200, description = "Logged in, or `mfaRequired`", body = Envelope<LoginReply>),
    (status = 401, description = "`invalid_credentials`: not a member of the tenant"),
    (status = 422, description = "`token_invalid`: unknown, used, expired, or shown by somebody else"),
))]
#[post("/api/v1/auth/oauth/exchange", wrap = "limited(Limit::Secrets)")]
async fn exchange(
    state: web::Data<State>,
    Anyone(context): Anyone,
    browser: Browser,
    Body(body): Body<ExchangeBody>,
) -> Result<Reply<LoginReply>, Failure> {
    let forgotten = browser.forgets();
    let exchange = OAuthExchange { code: body.code, verifier: body.code_verifier, browser: browser.secret };
    let logged_in = state.app.auth.exchange_oauth(&context, &exchange).await?;
    Ok(LoginReply::of(logged_in).cookie(forgotten))
}

/// Begin to link an account with another provider. Needs a proof of the last ten minutes.
#[utoipa::path(tag = "auth", params(("provider" = String, Path, example = "google")), request_body = LinkBody, security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 200, description = "Where to send the browser, with a cookie for the way back", body = Envelope<LinkReply>),
    (status = 401, description = "`reauthentication_required`"),
    (status = 404, description = "There is no such provider"),
))]
#[post("/api/v1/auth/oauth/{provider}/link", wrap = "limited(Limit::Secrets)")]
async fn link(
    state: web::Data<State>,
    caller: Caller,
    browser: Browser,
    provider: web::Path<String>,
    Body(body): Body<LinkBody>,
) -> Result<Reply<LinkReply>, Failure> {
    state.app.auth.require_recent(&caller)?;
    let begin = OAuthBegin {
        provider: provider.into_inner(),
        redirect_uri: body.redirect_uri,
        code_challenge: None,
        tenant: None,
    };
    let departure = state.app.auth.begin_oauth(&caller.context(), &begin, Some(&caller)).await?;
    let reply = LinkReply { authorization_url: departure.url.into() };
    Ok(Reply::ok("send the browser there", reply).secret().cookie(browser.keeps(&departure.browser)))
}

/// The accounts with other providers that the caller can log in with, the first linked first.
#[utoipa::path(tag = "auth", security(("bearer" = ["profile:read"])), responses(
    Limited,
    (status = 200, description = "Accounts elsewhere", body = Envelope<Vec<IdentityRow>>),
))]
#[get("/api/v1/auth/identities", wrap = "limited(Limit::Sessions)")]
async fn identities(state: web::Data<State>, caller: Caller) -> Result<Reply<Vec<IdentityRow>>, Failure> {
    let identities = state.app.auth.identities(&caller).await?;
    let rows = identities.into_iter().map(IdentityRow::from).collect();
    Ok(Reply::ok("your accounts elsewhere", rows).personal())
}

/// Unlink one, and end the caller's other sessions. Needs a proof of the last ten minutes.
#[utoipa::path(tag = "auth", params(("id" = Uuid, Path)), security(("bearer" = ["credentials:write"])), responses(
    Limited,
    (status = 204, description = "It opens nothing any more"),
    (status = 401, description = "`reauthentication_required`"),
    (status = 404, description = "The caller has no such one"),
    (status = 409, description = "It is the last way to log in"),
))]
#[delete("/api/v1/auth/identities/{id}", wrap = "limited(Limit::Secrets)")]
async fn unlink(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Failure> {
    state.app.auth.require_recent(&caller)?;
    state.app.auth.unlink_identity(&caller.context(), &caller, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
