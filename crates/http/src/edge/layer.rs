//! The layer itself: origin, span, time limit, panics, rendering, the line in the log.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use futures_util::FutureExt;
use tracing::{Instrument, Span, field};

use super::errand::{errand_of, on_errand};
use super::limit;
use super::origin::Origin;
use super::render::{Form, finish};
use crate::Edge;
use crate::respond::Failure;

/// Wraps every route.
pub(crate) async fn edge<B: MessageBody + 'static>(
    around: web::Data<Edge>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let begun = Instant::now();
    let origin = Origin::of(&request, &around);
    let form = Form::of(request.headers(), request.path());
    let line = Line { method: request.method().clone(), begun };
    let mut request = request;
    if request.method() == Method::HEAD {
        // A HEAD is a GET whose body the protocol layer leaves out (RFC 9110, section 9.3.2).
        request.head_mut().method = Method::GET;
    }
    let span = span(&origin);
    request.extensions_mut().insert(origin.clone());

    let outcome = answer(&around, request, next).instrument(span.clone()).await;
    let _entered = span.enter();
    let response = match outcome {
        Ok(mut response) => {
            if around.lifecycle.is_draining() {
                // Clients that keep connections shall find another replica before this one is gone.
                response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
            }
            rendered(response, &form, &origin, &around, &line)
        }
        Err(failure) => {
            line.log(failure.code, None, failure.status, failure.cause.as_deref());
            let mut response = form.render(&failure, &origin);
            finish(response.headers_mut(), &origin, &around.settings);
            return Err(InternalError::from_response("answered at the edge", response).into());
        }
    };
    Ok(response)
}

/// Calls the route within its time, and survives its panic. The time limit drops the work: a transaction that
/// has not committed rolls back.
async fn answer<B: MessageBody>(
    around: &Edge,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Failure> {
    let errand = around.settings.errands.then(|| errand_of(&request)).flatten();
    let call = AssertUnwindSafe(on_errand(errand, next.call(request))).catch_unwind();
    match tokio::time::timeout(around.settings.request_timeout, call).await {
        Err(_) => Err(Failure::of_status(StatusCode::GATEWAY_TIMEOUT)),
        Ok(Err(_)) => Err(Failure::internal().because("the handler panicked")),
        Ok(Ok(Err(error))) => Err(Failure::of_status(error.as_response_error().status_code())),
        Ok(Ok(Ok(response))) => Ok(response),
    }
}

fn rendered<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
    form: &Form,
    origin: &Origin,
    around: &Edge,
    line: &Line,
) -> ServiceResponse<EitherBody<B>> {
    let status = response.status();
    let failure = response.response().extensions().get::<Failure>().cloned();
    let template = response.request().match_pattern();
    // A failure without our form is one the framework made: an unreadable path, an origin that is not allowed.
    let foreign = status.is_client_error() || status.is_server_error();
    let failure =
        failure.or_else(|| (foreign && !is_ours(response.headers())).then(|| Failure::of_status(status)));
    let cause = failure.as_ref().and_then(|failure| failure.cause.clone());
    line.log(template.as_deref().unwrap_or("-"), template.as_deref(), status, cause.as_deref());

    let mut response = match failure {
        None => response.map_into_left_body(),
        Some(failure) => {
            let (request, former) = response.into_parts();
            let mut fresh = form.render(&failure, origin);
            keep(former.headers(), fresh.headers_mut());
            ServiceResponse::new(request, fresh.map_into_boxed_body())
                .map_into_right_body::<B>()
                .map_body(boxed)
        }
    };
    finish(response.headers_mut(), origin, &around.settings);
    response
}

fn boxed<B>(_: &mut actix_web::dev::ResponseHead, body: EitherBody<B, BoxBody>) -> EitherBody<B> {
    body
}

/// JSON and HTML that a route rendered itself (a health report, a kept refusal, a page) stay as they are.
fn is_ours(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ["application/json", "application/problem+json", "text/html"].iter().any(|ours| kind.starts_with(ours))
}

/// What of a framework's answer must not be lost: `Allow`, what is left of a limit, and what CORS added.
fn keep(from: &HeaderMap, to: &mut HeaderMap) {
    let ours = [header::ALLOW, header::VARY, limit::POLICY, limit::LEFT];
    for (name, value) in from {
        if ours.contains(name) || name.as_str().starts_with("access-control-") {
            to.append(name.clone(), value.clone());
        }
    }
}

fn span(origin: &Origin) -> Span {
    let span = tracing::info_span!(
        "request",
        requestId = origin.request_id,
        traceId = origin.trace_id(),
        userId = field::Empty,
        tenantId = field::Empty,
    );
    if let Some(parent) = &origin.parent {
        telemetry::continue_trace(&span, parent);
    }
    span
}

/// The one line a request leaves in the log.
struct Line {
    method: Method,
    begun: Instant,
}

impl Line {
    fn log(&self, action: &str, template: Option<&str>, status: StatusCode, cause: Option<&str>) {
        let millis = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (method, status) = (self.method.as_str(), status.as_u16());
        // Probes come every few seconds and say nothing as long as all is well.
        let probe = template.is_some_and(|path| path.starts_with("/health")) && status < 500;
        if status >= 500 {
            tracing::error!(action, method, status, durationMs = millis, cause, "request failed");
        } else if probe {
            tracing::debug!(action, method, status, durationMs = millis, "request");
        } else {
            tracing::info!(action, method, status, durationMs = millis, "request");
        }
    }
}
