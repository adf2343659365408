//! Requests to providers, and the reading of their answers.

use std::fmt::Display;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ports::{Error, HttpClient, HttpMethod, HttpRequest, HttpResponse, Kind, Result};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::{Url, form_urlencoded};

use crate::WITHIN;

/// The provider answered something that nobody can work with.
pub(crate) fn senseless(operation: &'static str, why: impl Display) -> Error {
    Error::with(Kind::Internal, operation, why.to_string())
}

/// What was said is not to be believed.
pub(crate) fn unbelievable(operation: &'static str, why: impl Display) -> Error {
    Error::with(Kind::Precondition, operation, why.to_string())
}

pub(crate) fn get(url: Url, traceparent: Option<&str>) -> HttpRequest {
    let traceparent = traceparent.map(str::to_owned);
    HttpRequest { within: WITHIN, traceparent, ..HttpRequest::new(HttpMethod::Get, url) }
}

/// With a token that the provider gave (RFC 6750, section 2.1).
pub(crate) fn get_as(url: Url, token: &SecretString, traceparent: Option<&str>) -> HttpRequest {
    get(url, traceparent).header("authorization", format!("Bearer {}", token.expose_secret()))
}

pub(crate) fn post_form(url: Url, fields: &[(&str, &str)], traceparent: Option<&str>) -> HttpRequest {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = HttpRequest::new(HttpMethod::Post, url)
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded");
    HttpRequest { body: body.into(), within: WITHIN, traceparent: traceparent.map(str::to_owned), ..request }
}

/// Sends it and gives an answer whose status is about the request. Trouble on the other side is `Unavailable`.
pub(crate) async fn ask(
    http: &dyn HttpClient,
    request: &HttpRequest,
    operation: &'static str,
) -> Result<HttpResponse> {
    let answer = http.send(request).await?;
    if answer.status >= 500 || answer.status == 429 {
        return Err(Error::with(Kind::Unavailable, operation, format!("status {}", answer.status)));
    }
    Ok(answer)
}

/// The same for what has to succeed.
pub(crate) async fn fetch<T: DeserializeOwned>(
    http: &dyn HttpClient,
    request: &HttpRequest,
    operation: &'static str,
) -> Result<T> {
    let answer = ask(http, request, operation).await?;
    if !answer.is_success() {
        return Err(senseless(operation, format_args!("status {}", answer.status)));
    }
    read(&answer, operation)
}

/// The body as JSON. The parser's own message could hold a part of it.
pub(crate) fn read<T: DeserializeOwned>(answer: &HttpResponse, operation: &'static str) -> Result<T> {
    serde_json::from_slice(&answer.body).map_err(|_| senseless(operation, "the answer has another form"))
}

/// Base64url of the SHA-256 (RFC 7636, section 4.2).
pub(crate) fn challenge_of(verifier: &SecretString) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.expose_secret().as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}
