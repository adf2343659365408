//! The edge: what happens to every request before its route and to every answer after it.

mod etag;
mod headers;
mod layer;
mod origin;
mod render;
#[cfg(test)]
mod tests;

pub(crate) use etag::{is_current, mark_coding, unchanged};
pub(crate) use layer::edge;
pub(crate) use origin::Origin;

use actix_web::{HttpMessage, HttpRequest};

/// The id of a request, for answers.
pub(crate) fn request_id(request: &HttpRequest) -> String {
    request.extensions().get::<Origin>().map(|origin| origin.request_id.clone()).unwrap_or_default()
}
