//! A web of a few pages.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use ports::{Error, HttpClient, HttpRequest, HttpResponse, Kind, Result};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::{Position, form_urlencoded};

/// Answers by URL; whatever else is asked for does not answer.
#[derive(Default)]
pub(super) struct Web {
    pages: Mutex<BTreeMap<String, HttpResponse>>,
    asked: Mutex<Vec<HttpRequest>>,
}

impl Web {
    pub(super) fn on(&self, url: &str, status: u16, body: &Value) {
        let body = serde_json::to_vec(body).unwrap().into();
        let answer = HttpResponse { status, headers: Vec::new(), body };
        self.pages.lock().unwrap().insert(url.to_owned(), answer);
    }

    pub(super) fn is_away(&self, url: &str) {
        self.pages.lock().unwrap().remove(url);
    }

    /// How often a URL was asked for.
    pub(super) fn count(&self, url: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|request| request.url.as_str() == url).count()
    }

    /// The last request for a URL.
    pub(super) fn last(&self, url: &str) -> Heard {
        let asked = self.asked.lock().unwrap();
        Heard(asked.iter().rev().find(|request| request.url.as_str() == url).unwrap().clone())
    }
}

/// A request that has come.
pub(super) struct Heard(HttpRequest);

impl Heard {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.headers.iter().find(|(known, _)| *known == name)?;
        Some(value.expose_secret())
    }

    pub(super) fn form(&self) -> BTreeMap<String, String> {
        form_urlencoded::parse(&self.0.body).into_owned().collect()
    }

    pub(super) fn traceparent(&self) -> Option<&str> {
        self.0.traceparent.as_deref()
    }
}

#[async_trait]
impl HttpClient for Web {
    async fn send(&self, request: &HttpRequest) -> Result<HttpResponse> {
        self.asked.lock().unwrap().push(request.clone());
        let page = self.pages.lock().unwrap().get(&request.url[..Position::AfterPath]).cloned();
        page.ok_or_else(|| Error::new(Kind::Unavailable, "web"))
    }
}
