//! Speaking HTTP to other services.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::SecretString;
use url::Url;

use crate::Result;

/// Sends requests to other services.
#[async_trait]
pub trait HttpClient: Send + Sync {
    /// Sends a request and gives the answer, whatever its status. It returns within the request's time. A redirect is
    /// an answer like any other: it is not followed. What may be sent twice is sent again, a few times, when nobody
    /// answered or the answer says that later may be better; anything else only when it has not been sent, or the
    /// answer says when to come back. A service that keeps failing is left alone for a while.
    ///
    /// # Errors
    /// `Unsupported` when a [`Target::Chosen`] is none to be spoken to: nothing was sent. `Unavailable` when nobody
    /// gives a whole answer, or the service is being left alone. `Internal` when the answer is larger than wanted, or the
    /// request can't be sent to anybody.
    async fn send(&self, request: &HttpRequest) -> Result<HttpResponse>;
}

/// What is done to a resource (RFC 9110, section 9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// Read it.
    Get,
    /// Have it process something. The only one here that is not idempotent.
    Post,
    /// Replace it.
    Put,
    /// Remove it.
    Delete,
}

impl HttpMethod {
    /// As it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// Who has decided where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Whoever runs this installation. It may go anywhere.
    Configured,
    /// Somebody who uses it. It must not reach what only this installation can reach: private networks, this machine,
    /// the cloud's own services, by whatever name.
    Chosen,
}

/// A request that has not been sent. Header values may be secrets, and nothing of it but the server and, for a
/// configured target, the path is ever logged.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// What to do.
    pub method: HttpMethod,
    /// To what; `http` or `https`.
    pub url: Url,
    /// Who chose that.
    pub target: Target,
    /// Names in lower case, and values.
    pub headers: Vec<(&'static str, SecretString)>,
    /// Its media type stands in the headers.
    pub body: Bytes,
    /// Sent twice, it does what it does once.
    pub repeatable: bool,
    /// W3C trace context that the request is part of.
    pub traceparent: Option<String>,
    /// Longest it may take, all tries and the whole answer included.
    pub within: Duration,
    /// Largest answer that is read, in bytes after decoding.
    pub answer_limit: usize,
}

impl HttpRequest {
    /// To a configured target, within ten seconds, for an answer of at most a mebibyte.
    pub fn new(method: HttpMethod, url: Url) -> Self {
        Self {
            method,
            url,
            target: Target::Configured,
            headers: Vec::new(),
            body: Bytes::new(),
            repeatable: method != HttpMethod::Post,
            traceparent: None,
            within: Duration::from_secs(10),
            answer_limit: 1024 * 1024,
        }
    }

    /// With one more header, its name in lower case.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<SecretString>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// An answer that has arrived as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// Its status code.
    pub status: u16,
    /// Names in lower case, and values; those that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// Decoded.
    pub body: Bytes,
}

impl HttpResponse {
    /// The first value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the request was understood and accepted (2xx).
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
