//! Who calls.

use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use application::auth::Principal;
use application::{AuthFailure, Context, Error};
use domain::{Actor, TenantScope};
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Ready, WeakShared, ready};
use uuid::Uuid;

use crate::State;
use crate::edge::{Operation, Operations, Origin};
use crate::respond::Failure;

/// A request that needs no credentials.
pub(crate) struct Anyone(pub(crate) Context);

impl FromRequest for Anyone {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(origin(request).map(|origin| Self(origin.context(Actor::Anonymous, TenantScope::Platform))))
    }
}

/// A request with a bearer token that has been checked, of somebody who may do what the operation declares to need:
/// `security(("bearer" = ["resource:action"]))` beside the route is all there is to say. Stands before the body in a
/// route, and is asked before it is read: nobody learns from what theirs is refused for. An operation that declares nothing lets nobody in.
///
/// A need with `:own` lets those through, too, who may do it with what is theirs: such a route asks once more, with
/// `caller.require_on("resource:action", owner)?`.
pub(crate) struct Caller {
    principal: Arc<Principal>,
    origin: Origin,
}

impl Caller {
    /// The context of a use case that the caller asked for.
    pub(crate) fn context(&self) -> Context {
        self.origin.context(self.principal.actor(), self.principal.scope)
    }

    /// Who it is, for an answer that outlives the request's own hold on them.
    pub(crate) fn principal(&self) -> Arc<Principal> {
        Arc::clone(&self.principal)
    }
}

impl Deref for Caller {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

/// Who it is, once that is known; asked for once per request. Whoever looks on holds it weakly: it ends with the
/// extractor, whatever it is waiting for, and does not keep alive the request that it lies in.
type Admission = WeakShared<LocalBoxFuture<'static, Result<Arc<Principal>, Failure>>>;

impl FromRequest for Caller {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        let admission = admit(request.clone()).boxed_local().shared();
        if operation_of(&request).is_ok_and(|operation| !operation.open)
            && let Some(seen) = admission.downgrade()
        {
            request.extensions_mut().insert::<Admission>(seen);
        }
        Box::pin(async move { Ok(Self { principal: admission.await?, origin: origin(&request)? }) })
    }
}

/// Waits until whoever sends this may, where the route has asked for that before: extractors run side by side, and
/// nobody shall learn from what their body is refused for.
pub(super) async fn admitted(request: &HttpRequest) -> Result<(), Failure> {
    let admission = request.extensions().get::<Admission>().and_then(WeakShared::upgrade);
    match admission {
        Some(admission) => admission.await.map(|_| ()),
        // Nobody has asked, or they are let in.
        None => Ok(()),
    }
}

async fn admit(request: HttpRequest) -> Result<Arc<Principal>, Failure> {
    let state = request.app_data::<web::Data<State>>().ok_or_else(Failure::internal)?;
    let operation = operation_of(&request)?;
    let needs = operation.needs.as_deref();
    let needs = needs.ok_or_else(|| Failure::internal().because("an operation declares no need"))?;
    let token = bearer(&request).ok_or(AuthFailure::Unauthenticated)?;
    let mut principal = state.app.auth.authenticate(token).await?;
    if operation.in_tenant {
        let tenant = request.match_info().get("id").and_then(|id| Uuid::parse_str(id).ok());
        principal = state.app.auth.within(&principal, tenant.ok_or(Error::NotFound)?).await?;
    }
    let span = tracing::Span::current();
    span.record("userId", tracing::field::display(principal.user));
    if let Some(tenant) = principal.scope.tenant_uuid() {
        span.record("tenantId", tracing::field::display(tenant));
    }
    principal.require(needs)?;
    Ok(principal)
}

fn operation_of(request: &HttpRequest) -> Result<&Operation, Failure> {
    let operations = request.app_data::<web::Data<Operations>>();
    let operation = operations.and_then(|all| all.behind(request));
    operation.ok_or_else(|| Failure::internal().because("undeclared operation"))
}

/// The token of `Authorization: Bearer …` (RFC 6750, section 2.1); the scheme's case does not matter.
/// Two headers are none: it would be a guess which one counts.
pub(crate) fn bearer(request: &HttpRequest) -> Option<&str> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let value = headers.next()?.to_str().ok()?;
    if headers.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn origin(request: &HttpRequest) -> Result<Origin, Failure> {
    request.extensions().get::<Origin>().cloned().ok_or_else(Failure::internal)
}
