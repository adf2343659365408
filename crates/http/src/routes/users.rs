//! `/users/*`: accounts, one's own and for platform administrators all of them.

use actix_web::{Either, HttpRequest, HttpResponse, delete, get, patch, post, web};
use application::users::{Changes, NewUser};
use domain::{Phone, SearchKey, User, UserStatus};
use garde::Validate;
use ports::UserFilter;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Services;
use crate::State;
use crate::edge::{is_current, unchanged};
use crate::extract::{Body, Caller, IfMatch, ListParams, ListQuery, nullable};
use crate::once::Once;
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(me).service(change_me);
    config.service(list).service(create).service(one).service(change).service(remove);
    config.service(restore).service(lock).service(unlock);
}

/// An account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserBody {
    id: Uuid,
    #[schema(example = "ada@example.com")]
    email: String,
    #[schema(example = "Ada")]
    display_name: Option<String>,
    #[schema(example = "+14155550123")]
    phone: Option<String>,
    /// Language tag (BCP 47).
    #[schema(example = "de-CH")]
    locale: Option<String>,
    /// Name in IANA's database.
    #[schema(example = "Europe/Zurich")]
    time_zone: Option<String>,
    /// `active` or `locked`.
    #[schema(example = "active")]
    status: &'static str,
    email_verified: bool,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    created_at: String,
    #[schema(example = "2026-11-21T02:03:04.005Z")]
    updated_at: String,
    /// Only of a deleted account.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    #[schema(example = 1)]
    version: i32,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            id: user.base.uuid,
            email: user.email.to_string(),
            email_verified: user.is_verified(),
            display_name: user.display_name.map(|name| name.to_string()),
            phone: user.phone.map(|phone| phone.expose().to_owned()),
            locale: user.locale.map(|locale| locale.to_string()),
            time_zone: user.time_zone.map(|zone| zone.to_string()),
            status: user.status.as_str(),
            created_at: rfc3339(user.base.created_at),
            updated_at: rfc3339(user.base.updated_at),
            deleted_at: user.base.deleted_at.map(rfc3339),
            version: user.base.version,
        }
    }
}

/// Whether an account may be used.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum StatusName {
    Active,
    Locked,
}

/// Which accounts.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Choice {
    #[serde(rename = "filter[status]")]
    #[param(inline)]
    #[garde(skip)]
    status: Option<StatusName>,
    /// Whether the address has been proven.
    #[serde(rename = "filter[emailVerified]")]
    #[garde(skip)]
    verified: Option<bool>,
    /// `true` for deleted accounts instead of live ones.
    #[serde(rename = "filter[deleted]")]
    #[garde(skip)]
    deleted: Option<bool>,
    /// Exactly this telephone number, international. In a query the `+` is written `%2B`.
    #[serde(rename = "filter[phone]")]
    #[garde(skip)]
    #[param(example = "+14155550123")]
    phone: Option<String>,
    /// What the address or the name begins with; case and diacritics do not count.
    #[garde(length(chars, max = 254))]
    #[param(max_length = 254, example = "ada")]
    q: Option<String>,
}

impl TryFrom<Choice> for UserFilter {
    type Error = Failure;

    fn try_from(choice: Choice) -> Result<Self, Failure> {
        let refused = |error| application::Error::field("filter[phone]", "phone", error);
        let phone = choice.phone.as_deref().map(Phone::parse).transpose().map_err(refused)?;
        let status = choice.status.map(|status| match status {
            StatusName::Active => UserStatus::Active,
            StatusName::Locked => UserStatus::Locked,
        });
        let search = choice.q.map(|text| SearchKey::of(&text)).filter(|key| !key.is_empty());
        Ok(Self {
            status,
            verified: choice.verified,
            deleted: choice.deleted.unwrap_or(false),
            phone,
            search,
        })
    }
}

/// A new account.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateBody {
    #[garde(length(chars, min = 3, max = 254))]
    #[schema(example = "ada@example.com")]
    email: String,
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(example = "Ada")]
    display_name: Option<String>,
    /// 8 to 128 characters. Without one the person chooses it by registering.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Password, min_length = 8, max_length = 128)]
    password: Option<SecretString>,
}

/// What shall change; what is left out stays, `null` empties.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "displayName": "Ada", "phone": "+14155550123", "locale": "en-GB", "timeZone": "Europe/London" }))]
#[allow(clippy::option_option, reason = "the three cases of a partial change")]
struct ChangeBody {
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    display_name: Option<Option<String>>,
    /// International, with `+` and country code.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    phone: Option<Option<String>>,
    /// Language tag (BCP 47), such as `de-CH`.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 35)]
    locale: Option<Option<String>>,
    /// Name in IANA's database, such as `Europe/Zurich`.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    time_zone: Option<Option<String>>,
}

impl From<ChangeBody> for Changes {
    fn from(body: ChangeBody) -> Self {
        Self {
            display_name: body.display_name,
            phone: body.phone,
            locale: body.locale,
            time_zone: body.time_zone,
        }
    }
}

/// An account, unless the caller has it already.
type Account = Either<Reply<UserBody>, HttpResponse>;

fn account(request: &HttpRequest, message: &'static str, user: User) -> Account {
    if is_current(request, user.base.version) {
        return Either::Right(unchanged(user.base.version));
    }
    Either::Left(changed(message, user))
}

fn changed(message: &'static str, user: User) -> Reply<UserBody> {
    let version = user.base.version;
    Reply::ok(message, UserBody::from(user)).version(version).personal()
}

/// The caller's own account.
#[utoipa::path(tag = "users", security(("bearer" = ["profile:read"])), responses(
    (status = 200, description = "The account", body = Envelope<UserBody>),
    (status = 304, description = "Unchanged since the version in If-None-Match"),
))]
#[get("/api/v1/users/me")]
async fn me(state: web::Data<State>, caller: Caller, request: HttpRequest) -> Result<Account, Failure> {
    Ok(account(&request, "your account", state.app.users.me(&caller).await?))
}

/// Change the caller's own account.
#[utoipa::path(tag = "users", request_body = ChangeBody, security(("bearer" = ["profile:write"])), responses(
    (status = 200, description = "The account as it is now", body = Envelope<UserBody>),
    (status = 412, description = "It is not at the version in If-Match; nothing has changed"),
), params(IfMatch))]
#[patch("/api/v1/users/me")]
async fn change_me(
    state: web::Data<State>,
    caller: Caller,
    seen: IfMatch,
    Body(body): Body<ChangeBody>,
) -> Result<Reply<UserBody>, Failure> {
    let user = state.app.users.change_me(&caller.context(), &caller, body.into(), seen.versions()).await?;
    Ok(changed("your account", user))
}

/// Accounts, from new to old. Sort: `createdAt`, `email`, `displayName`, `createdAt,-email`, or the reverse of one.
#[utoipa::path(tag = "users", params(ListParams, Choice), security(("bearer" = ["users:read"])), responses(
    (status = 200, description = "Accounts", body = Envelope<Vec<UserBody>>),
))]
#[get("/api/v1/users")]
async fn list(
    state: web::Data<State>,
    _: Caller,
    query: ListQuery<Choice>,
) -> Result<Reply<Vec<UserBody>>, Failure> {
    let listed = state.app.users.list(&query.choice.try_into()?, &query.ask).await?;
    Ok(Reply::list("accounts", listed).personal())
}

/// Make an account. A mail asks its person to prove the address.
#[utoipa::path(tag = "users", request_body = CreateBody, params(Once), security(("bearer" = ["users:write"])), responses(
    (status = 201, description = "The account", body = Envelope<UserBody>),
    (status = 409, description = "An account has this address"),
))]
#[post("/api/v1/users")]
async fn create(
    state: web::Data<State>,
    caller: Caller,
    once: Once,
    Body(body): Body<CreateBody>,
) -> Result<HttpResponse, Failure> {
    let new = NewUser { email: body.email, display_name: body.display_name, password: body.password };
    once.answer(caller, async |context| {
        let user = state.app.users.create(&context, new.clone()).await?;
        let (location, version) = (format!("/api/v1/users/{}", user.base.uuid), user.base.version);
        let made =
            Reply::created("the account is made; a mail is on its way", UserBody::from(user), &location);
        Ok(made.version(version).personal())
    })
    .await
}

/// One account.
#[utoipa::path(tag = "users", params(("id" = Uuid, Path)), security(("bearer" = ["users:read:own"])), responses(
    (status = 200, description = "The account", body = Envelope<UserBody>),
    (status = 304, description = "Unchanged since the version in If-None-Match"),
    (status = 404, description = "There is none, or it is deleted"),
))]
#[get("/api/v1/users/{id:[0-9a-fA-F-]+}")]
async fn one(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
    request: HttpRequest,
) -> Result<Account, Failure> {
    caller.require_on("users:read", *id)?;
    Ok(account(&request, "the account", state.app.users.get(*id).await?))
}

/// Change an account.
#[utoipa::path(tag = "users", request_body = ChangeBody, security(("bearer" = ["users:write:own"])), responses(
    (status = 200, description = "The account as it is now", body = Envelope<UserBody>),
    (status = 412, description = "It is not at the version in If-Match; nothing has changed"),
), params(("id" = Uuid, Path), IfMatch))]
#[patch("/api/v1/users/{id:[0-9a-fA-F-]+}")]
async fn change(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
    seen: IfMatch,
    Body(body): Body<ChangeBody>,
) -> Result<Reply<UserBody>, Failure> {
    caller.require_on("users:write", *id)?;
    let user = state.app.users.change(&caller.context(), *id, body.into(), seen.versions()).await?;
    Ok(changed("the account is changed", user))
}

/// Delete an account. Its sessions end at once; it can be restored until it is purged.
#[utoipa::path(tag = "users", security(("bearer" = ["users:write"])), responses(
    (status = 204, description = "Deleted, on every replica"),
    (status = 409, description = "It is the caller's own, or the last platform owner's"),
    (status = 412, description = "It is not at the version in If-Match; nothing has changed"),
), params(("id" = Uuid, Path), IfMatch))]
#[delete("/api/v1/users/{id:[0-9a-fA-F-]+}")]
async fn remove(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
    seen: IfMatch,
) -> Result<HttpResponse, Failure> {
    state.app.users.delete(&caller.context(), *id, seen.versions()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Bring a deleted account back, without its sessions.
#[utoipa::path(tag = "users", security(("bearer" = ["users:write"])), responses(
    (status = 200, description = "The account", body = Envelope<UserBody>),
    (status = 404, description = "There is no such deleted account"),
    (status = 409, description = "Its address belongs to another account by now"),
    (status = 412, description = "It is not at the version in If-Match; nothing has changed"),
), params(("id" = Uuid, Path), IfMatch))]
#[post("/api/v1/users/{id:[0-9a-fA-F-]+}/restore")]
async fn restore(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
    seen: IfMatch,
) -> Result<Reply<UserBody>, Failure> {
    let user = state.app.users.restore(&caller.context(), *id, seen.versions()).await?;
    Ok(changed("the account is restored", user))
}

/// Close an account. Its sessions end at once.
#[utoipa::path(tag = "users", security(("bearer" = ["users:write"])), responses(
    (status = 200, description = "The account", body = Envelope<UserBody>),
    (status = 409, description = "It is the caller's own, or the last platform owner's"),
    (status = 412, description = "It is not at the version in If-Match; nothing has changed"),
), params(("id" = Uuid, Path), IfMatch))]
#[post("/api/v1/users/{id:[0-9a-fA-F-]+}/lock")]
async fn lock(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
    seen: IfMatch,
) -> Result<Reply<UserBody>, Failure> {
    let user = state.app.users.lock(&caller.context(), *id, seen.versions()).await?;
    Ok(changed("the account is locked", user))
}

/// Open a closed account again.
#[utoipa::path(tag = "users", security(("bearer" = ["users:write"])), responses(
    (status = 200, description = "The account", body = Envelope<UserBody>),
    (status = 412, description = "It is not at the version in If-Match; nothing has changed"),
), params(("id" = Uuid, Path), IfMatch))]
#[post("/api/v1/users/{id:[0-9a-fA-F-]+}/unlock")]
async fn unlock(
    state: web::Data<State>,
    caller: Caller,
    id: web::Path<Uuid>,
    seen: IfMatch,
) -> Result<Reply<UserBody>, Failure> {
    let user = state.app.users.unlock(&caller.context(), *id, seen.versions()).await?;
    Ok(changed("the account is unlocked", user))
}
