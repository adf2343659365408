//! Who calls.

use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use application::auth::Principal;
use application::{AuthFailure, Context};
use domain::{Actor, TenantScope};
use futures_util::future::{LocalBoxFuture, Ready, ready};

use crate::State;
use crate::edge::Origin;
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

/// A request with a bearer token that has been checked. What the caller may do is asked with
/// `caller.require("resource:action")?`, the first line of a route.
pub(crate) struct Caller {
    principal: Arc<Principal>,
    origin: Origin,
}

impl Caller {
    /// The context of a use case that the caller asked for.
    pub(crate) fn context(&self) -> Context {
        self.origin.context(self.principal.actor(), self.principal.scope)
    }
}

impl Deref for Caller {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl FromRequest for Caller {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let state = request.app_data::<web::Data<State>>().ok_or_else(Failure::internal)?;
            let token = bearer(&request).ok_or(AuthFailure::Unauthenticated)?;
            let principal = state.app.auth.authenticate(token).await?;
            let span = tracing::Span::current();
            span.record("userId", tracing::field::display(principal.user));
            if let Some(tenant) = principal.scope.tenant_uuid() {
                span.record("tenantId", tracing::field::display(tenant));
            }
            Ok(Self { principal, origin: origin(&request)? })
        })
    }
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
