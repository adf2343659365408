//! A caller: requests as a client writes them, answers with all that a test may look at.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// Longer than any answer may take.
const TIMEOUT: Duration = Duration::from_secs(40);

/// Speaks to one address. It undoes no compression and follows no redirect: a test sees what was sent.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    http: reqwest::Client,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .unwrap();
        Self { base: format!("http://{address}"), http }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        let what = format!("{method} {path}");
        Call { request: self.http.request(method, format!("{}{path}", self.base)), what }
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Call {
        let call = self.call(Method::POST, path);
        Call { request: call.request.json(body), ..call }
    }
}

/// A request before it is sent.
#[must_use]
pub(crate) struct Call {
    request: RequestBuilder,
    what: String,
}

impl Call {
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Adds a header; the same name twice is sent twice.
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    pub(crate) fn body(self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { request: self.request.header("content-type", content_type).body(bytes.into()), ..self }
    }

    /// The answer, or that there was none.
    pub(crate) async fn try_send(self) -> Result<Answer, reqwest::Error> {
        let response = self.request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, bytes: response.bytes().await?.to_vec(), what: self.what })
    }

    pub(crate) async fn send(self) -> Answer {
        let what = self.what.clone();
        self.try_send().await.unwrap_or_else(|error| panic!("{what}: {error:?}"))
    }

    /// Sends and expects this status.
    pub(crate) async fn gives(self, status: u16) -> Answer {
        self.send().await.is(status)
    }

    /// Sends and expects this refusal.
    pub(crate) async fn refused(self, status: u16, code: &str) -> Answer {
        self.send().await.refuses(status, code)
    }
}

/// An answer that has arrived as a whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
    what: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text());
        self
    }

    /// In the envelope of failures, with this code and without anything that is not in the contract.
    #[track_caller]
    pub(crate) fn refuses(self, status: u16, code: &str) -> Self {
        let answer = self.is(status);
        let body = answer.json();
        assert_eq!(body["code"], code, "{}: {body}", answer.what);
        assert_eq!(body["success"], false, "{body}");
        assert_eq!(body["statusCode"], status, "{body}");
        assert_eq!(body["requestId"], answer.header("x-request-id"), "{body}");
        assert!(body["message"].is_string(), "{body}");
        answer
    }

    /// Names this field, with this code, among those that are not acceptable.
    #[track_caller]
    pub(crate) fn names(self, field: &str, code: &str) -> Self {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        let named = errors.iter().any(|error| error["field"] == field && error["code"] == code);
        assert!(named, "{}: no {code} of {field} in {}", self.what, self.text());
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("{}: no JSON: {}", self.what, self.text()))
    }

    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        self.json()["data"].clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Its value, empty when it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
