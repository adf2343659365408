//! One try: what goes out, and what of the answer is read.

use std::error::Error as StdError;
use std::fmt;

use ports::{Error, HttpMethod, HttpRequest, HttpResponse, Kind};
use reqwest::{Client, Method, Response};
use secrecy::ExposeSecret;

use crate::OPERATION;
use crate::guard::Forbidden;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failed {
    /// Nothing was sent: nobody took the connection.
    Unconnected(reqwest::Error),
    /// It may have been sent, and done; there is no whole answer.
    Broken(reqwest::Error),
    /// The address is not one to be spoken to.
    Forbidden,
    /// More than was asked for.
    TooLarge,
    /// The request makes no sense.
    Unsendable(reqwest::Error),
}

impl Failed {
    /// Whether it tells something about the server.
    pub(crate) fn is_transport(&self) -> bool {
        matches!(self, Self::Unconnected(_) | Self::Broken(_))
    }

    fn of(error: reqwest::Error) -> Self {
        // Its text would hold the whole URL.
        let error = error.without_url();
        if is_forbidden(&error) {
            Self::Forbidden
        } else if error.is_connect() {
            Self::Unconnected(error)
        } else if error.is_builder() {
            Self::Unsendable(error)
        } else {
            Self::Broken(error)
        }
    }

    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Unconnected(error) | Self::Broken(error) => {
                Error::with(Kind::Unavailable, OPERATION, error)
            }
            Self::Forbidden => Error::with(Kind::Unsupported, OPERATION, Forbidden),
            Self::TooLarge => Error::with(Kind::Internal, OPERATION, TooLarge),
            Self::Unsendable(error) => Error::with(Kind::Internal, OPERATION, error),
        }
    }
}

#[derive(Debug)]
struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer is larger than wanted")
    }
}

impl StdError for TooLarge {}

fn is_forbidden(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<Forbidden>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Sends a request once and reads its answer as a whole.
pub(crate) async fn attempt(client: &Client, request: &HttpRequest) -> Result<HttpResponse, Failed> {
    let method = match request.method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Delete => Method::DELETE,
    };
    let mut outgoing = client.request(method, request.url.clone());
    for (name, value) in &request.headers {
        outgoing = outgoing.header(*name, value.expose_secret());
    }
    if let Some(traceparent) = &request.traceparent {
        outgoing = outgoing.header("traceparent", traceparent);
    }
    if !request.body.is_empty() || request.method == HttpMethod::Post {
        outgoing = outgoing.body(request.body.clone());
    }
    let response = outgoing.send().await.map_err(Failed::of)?;
    read(response, request.answer_limit).await
}

/// Chunk by chunk as they are decoded, up to the first byte too many.
async fn read(mut response: Response, limit: usize) -> Result<HttpResponse, Failed> {
    let status = response.status().as_u16();
    let text = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    let headers = response.headers().iter().filter_map(text).collect();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Failed::of)? {
        if body.len() + chunk.len() > limit {
            return Err(Failed::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpResponse { status, headers, body: body.into() })
}
