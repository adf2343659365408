//! The limit by address: `wrap = "limited(Limit::Secrets)"` beside a route, and `Limited` among its documented answers.
//!
//! It comes before everything else that a route does, so that what it refuses costs nothing but the question.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpMessage, web};
use application::limits::{Limit, Standing};
use utoipa::IntoResponses;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::{ObjectBuilder, RefOr, Response, ResponseBuilder, Type};

use super::origin::Origin;
use crate::State;
use crate::respond::Failure;

/// Fields of draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4.
pub(super) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub(super) const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// Refuses callers whose address has used the limit up, and tells the others what is left.
pub(crate) fn limited<S, B>(
    limit: Limit,
) -> impl Transform<S, ServiceRequest, Response = ServiceResponse<EitherBody<B>>, Error = Error, InitError = ()>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    from_fn(move |request: ServiceRequest, next: Next<B>| async move {
        let Some(standing) = standing(&request, limit).await else {
            return Ok(next.call(request).await?.map_into_left_body());
        };
        let mut response = if standing.allowance.granted {
            next.call(request).await?.map_into_left_body()
        } else {
            let retry_after = standing.allowance.retry_after;
            let failure = Failure::from(application::Error::RateLimited { retry_after });
            request.into_response(failure.response()).map_into_right_body()
        };
        tell(response.headers_mut(), &standing);
        Ok(response)
    })
}

async fn standing(request: &ServiceRequest, limit: Limit) -> Option<Standing> {
    let state = request.app_data::<web::Data<State>>()?.clone();
    let ip = request.extensions().get::<Origin>()?.ip();
    state.app.limits.of_address(limit, ip).await
}

/// A quota as `q` in a window `w`; what is left as `r`, and in `t` how long until all is back. Whole seconds, rounded
/// up.
fn tell(headers: &mut HeaderMap, standing: &Standing) {
    let Standing { limit, quota, allowance } = standing;
    let seconds = |time: Duration| time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let policy = format!("\"{}\";q={};w={}", limit.name(), quota.limit, seconds(quota.period));
    let left = format!("\"{}\";r={};t={}", limit.name(), allowance.left, seconds(allowance.full_after));
    for (name, text) in [(POLICY, policy), (LEFT, left)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
}

/// What a route documents that is [`limited`].
pub(crate) struct Limited;

impl IntoResponses for Limited {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let whole = ObjectBuilder::new().schema_type(Type::Integer);
        let header = HeaderBuilder::new().schema(Some(whole)).description(Some("Seconds to stay away"));
        let refusal = ResponseBuilder::new()
            .description("`rate_limited`: too many calls from this address; see RateLimit and Retry-After")
            .header("Retry-After", header.build())
            .build();
        BTreeMap::from([("429".to_owned(), RefOr::T(refusal))])
    }
}
