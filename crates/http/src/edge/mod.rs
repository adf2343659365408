//! The edge: what happens to every request before its route and to every answer after it.

mod errand;
mod etag;
mod even;
mod headers;
mod layer;
mod limit;
mod operations;
mod origin;
mod render;
#[cfg(test)]
mod tests;

pub(crate) use etag::{is_current, mark_coding, unchanged};
pub(crate) use even::evenly;
pub(crate) use layer::edge;
pub(crate) use limit::{Limited, limited};
pub(crate) use operations::{Operation, Operations};
pub(crate) use origin::Origin;

use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use crate::respond::Failure;

/// The id of a request, for answers.
pub(crate) fn request_id(request: &HttpRequest) -> String {
    request.extensions().get::<Origin>().map(|origin| origin.request_id.clone()).unwrap_or_default()
}

/// A failure as the caller of this request would see it, without what the edge adds to every answer.
pub(crate) fn render_failure(request: &HttpRequest, failure: &Failure) -> HttpResponse {
    let form = render::Form::of(request.headers(), request.path());
    match request.extensions().get::<Origin>() {
        Some(origin) => form.render(failure, origin),
        None => Failure::internal().response(),
    }
}
