//! A browser, as far as logins by way of other providers need one: cookies, redirects and forms.

use std::sync::Mutex;

use reqwest::Url;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};

/// More redirects than any login has.
const PATIENCE: usize = 12;

/// One browser. Cookies know no ports, so all servers of these tests share them, as they would in a real one.
#[derive(Default)]
pub(crate) struct Browser {
    http: reqwest::Client,
    cookies: Mutex<Vec<Cookie>>,
}

#[derive(Clone)]
struct Cookie {
    name: String,
    value: String,
    path: String,
}

/// Where a browser has come to: a page, or an address that it was to stop at.
pub(crate) enum Place {
    Page(Url, String),
    Stop(Url),
}

impl Browser {
    pub(crate) fn new() -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { http: http.build().unwrap(), cookies: Mutex::default() }
    }

    /// The cookies that go to a path, as a header.
    pub(crate) fn cookies_for(&self, path: &str) -> String {
        let cookies = self.cookies.lock().unwrap();
        let sent = cookies.iter().filter(|cookie| path.starts_with(&cookie.path));
        sent.map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect::<Vec<_>>().join("; ")
    }

    /// Keeps what a `Set-Cookie` header says.
    pub(crate) fn keep(&self, header: &str) {
        let mut parts = header.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let attributes: Vec<(&str, &str)> =
            parts.map(|part| part.split_once('=').unwrap_or((part, ""))).collect();
        let attribute = |wanted: &str| {
            let named = |(name, _): &&(&str, &str)| name.eq_ignore_ascii_case(wanted);
            attributes.iter().find(named).map(|(_, value)| *value)
        };
        let path = attribute("path").unwrap_or("/").to_owned();
        let over = value.is_empty() || attribute("max-age") == Some("0");
        let mut cookies = self.cookies.lock().unwrap();
        cookies.retain(|cookie| (cookie.name.as_str(), cookie.path.as_str()) != (name, path.as_str()));
        if !over {
            cookies.push(Cookie { name: name.to_owned(), value: value.to_owned(), path });
        }
    }

    /// Follows redirects until there is a page, or an address that begins with `stop`.
    pub(crate) async fn open(&self, url: Url, stop: &str) -> Place {
        self.walk(url, None, stop).await
    }

    /// Sends the first form of a page, with these fields filled in.
    pub(crate) async fn submit(&self, page: &Place, fields: &[(&str, &str)], stop: &str) -> Place {
        let Place::Page(url, html) = page else { panic!("there is no form at a stop") };
        let form = html.split_once("<form").unwrap_or_else(|| panic!("no form in {html}")).1;
        let form = form.split_once("</form>").unwrap().0;
        let action = attribute(form, "action").map_or_else(|| url.clone(), |to| url.join(&to).unwrap());
        let mut pairs: Vec<(String, String)> = Vec::new();
        for input in form.split("<input").skip(1) {
            let input = input.split('>').next().unwrap();
            if let (Some(name), Some(value)) = (attribute(input, "name"), attribute(input, "value")) {
                pairs.push((name, value));
            }
        }
        pairs.retain(|(name, _)| fields.iter().all(|(given, _)| given != name));
        pairs.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut body = Url::parse("form:").unwrap();
        body.query_pairs_mut().extend_pairs(pairs);
        self.walk(action, Some(body.query().unwrap().to_owned()), stop).await
    }

    async fn walk(&self, mut url: Url, mut form: Option<String>, stop: &str) -> Place {
        for _ in 0..PATIENCE {
            if url.as_str().starts_with(stop) {
                return Place::Stop(url);
            }
            let request = match form.take() {
                Some(form) => self
                    .http
                    .post(url.clone())
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(form),
                None => self.http.get(url.clone()),
            };
            let answer = request.header(COOKIE, self.cookies_for(url.path())).send().await.unwrap();
            for header in answer.headers().get_all(SET_COOKIE) {
                self.keep(header.to_str().unwrap());
            }
            match answer.headers().get(LOCATION) {
                Some(location) => url = url.join(location.to_str().unwrap()).unwrap(),
                None => return Place::Page(url, answer.text().await.unwrap()),
            }
        }
        panic!("sent round in circles, at last to {url}")
    }
}

/// An attribute's value, quoted, unescaped.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    Some(rest.split('"').next()?.replace("&amp;", "&"))
}
