//! Turns a [`Failure`] into bytes, in the form the caller accepts.

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::origin::{Origin, REQUEST_ID};
use crate::Settings;
use crate::edge::headers::secure;
use crate::respond::Failure;

/// What of a request decides how a failure looks; kept because the request itself is gone after a panic.
pub(super) struct Form {
    pub(super) problem: bool,
    pub(super) path: String,
}

impl Form {
    pub(super) fn of(headers: &HeaderMap, path: &str) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self { problem: accept.contains("application/problem+json"), path: path.to_owned() }
    }

    pub(super) fn render(&self, failure: &Failure, origin: &Origin) -> HttpResponse {
        let (kind, body) = if self.problem {
            ("application/problem+json", serde_json::to_vec(&failure.problem(&origin.request_id, &self.path)))
        } else {
            ("application/json", serde_json::to_vec(&failure.envelope(&origin.request_id)))
        };
        let body = body.unwrap_or_default();
        let mut response = HttpResponseBuilder::new(failure.status).content_type(kind).body(body);
        failure.write_headers(response.headers_mut());
        response
    }
}

/// What every answer gets, failed or not.
pub(super) fn finish(headers: &mut HeaderMap, origin: &Origin, settings: &Settings) {
    if let Ok(id) = HeaderValue::from_str(&origin.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.append(header::VARY, HeaderValue::from_static("accept"));
    secure(headers, settings);
}
