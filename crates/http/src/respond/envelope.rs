//! The envelope of success.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder};
use application::{Listed, Meta};
use domain::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Failure;
use crate::edge::request_id;

/// Every JSON answer below `/api/v1` that succeeded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope<T> {
    /// Always true.
    #[schema(example = true)]
    pub(crate) success: bool,
    /// The HTTP status again.
    #[schema(example = 200)]
    pub(crate) status_code: u16,
    /// For people.
    pub(crate) message: &'static str,
    /// What was asked for.
    pub(crate) data: T,
    /// How a list goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) meta: Option<ListMeta>,
    /// Name it when you ask for help.
    pub(crate) request_id: String,
}

/// The data of an answer that has none: null.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Nothing;

/// How a list goes on: by cursor, or for numbered pages by number.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ListMeta {
    #[serde(rename_all = "camelCase")]
    Cursor {
        /// Rows at most.
        #[schema(example = 20)]
        limit: u64,
        /// Hand it back as `cursor` for the next rows; null at the end.
        next_cursor: Option<String>,
        /// Whether more rows follow.
        has_more: bool,
    },
    #[serde(rename_all = "camelCase")]
    Numbered {
        /// This page, from 1 on.
        #[schema(example = 1)]
        page: u64,
        /// Rows at most.
        #[schema(example = 20)]
        limit: u64,
        /// Rows in all.
        #[schema(example = 42)]
        total: u64,
        /// The last page.
        #[schema(example = 3)]
        total_pages: u64,
    },
}

impl From<Meta> for ListMeta {
    fn from(meta: Meta) -> Self {
        match meta {
            Meta::Cursor { limit, next } => {
                Self::Cursor { limit, has_more: next.is_some(), next_cursor: next }
            }
            Meta::Numbered { page, limit, total } => {
                Self::Numbered { page, limit, total, total_pages: total.div_ceil(limit) }
            }
        }
    }
}

/// An answer that succeeded, on its way into the envelope.
pub(crate) struct Reply<T> {
    status: StatusCode,
    message: &'static str,
    data: T,
    meta: Option<ListMeta>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl<T: Serialize> Reply<T> {
    fn new(status: StatusCode, message: &'static str, data: T) -> Self {
        Self { status, message, data, meta: None, headers: Vec::new() }
    }

    pub(crate) fn ok(message: &'static str, data: T) -> Self {
        Self::new(StatusCode::OK, message, data)
    }

    /// There is something new, and where it is.
    pub(crate) fn created(message: &'static str, data: T, location: &str) -> Self {
        Self::new(StatusCode::CREATED, message, data).location(location)
    }

    /// The work goes on after the answer.
    pub(crate) fn accepted(message: &'static str, data: T) -> Self {
        Self::new(StatusCode::ACCEPTED, message, data)
    }

    /// Holds a secret: nobody may keep it (RFC 9111, section 5.2.2.5).
    pub(crate) fn secret(self) -> Self {
        self.header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
    }

    /// Personal: only the caller's own cache may keep it, and must ask before using it.
    pub(crate) fn personal(self) -> Self {
        self.header(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))
    }

    /// Names the version of a single resource (RFC 9110, section 8.8.3).
    pub(crate) fn version(self, version: i32) -> Self {
        match HeaderValue::from_str(&format!("\"v{version}\"")) {
            Ok(value) => self.header(header::ETAG, value),
            Err(_) => self,
        }
    }

    /// Where the new thing is.
    pub(crate) fn location(self, path: &str) -> Self {
        match HeaderValue::from_str(path) {
            Ok(value) => self.header(header::LOCATION, value),
            Err(_) => self,
        }
    }

    /// Has the browser keep something, or forget it.
    pub(crate) fn cookie(self, cookie: Option<HeaderValue>) -> Self {
        match cookie {
            Some(cookie) => self.header(header::SET_COOKIE, cookie),
            None => self,
        }
    }

    fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl<T: Serialize> Reply<Vec<T>> {
    /// A page of a list.
    pub(crate) fn list<R: Into<T>>(message: &'static str, listed: Listed<R>) -> Self {
        let rows = listed.rows.into_iter().map(Into::into).collect();
        Self { meta: Some(listed.meta.into()), ..Self::new(StatusCode::OK, message, rows) }
    }
}

impl<T: Serialize> Responder for Reply<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let envelope = Envelope {
            success: true,
            status_code: self.status.as_u16(),
            message: self.message,
            data: self.data,
            meta: self.meta,
            request_id: request_id(request),
        };
        let Ok(body) = serde_json::to_vec(&envelope) else { return Failure::internal().response() };
        let mut response = HttpResponse::build(self.status).content_type("application/json").body(body);
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// RFC 3339 in UTC with milliseconds.
pub(crate) fn rfc3339(moment: Timestamp) -> String {
    moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
