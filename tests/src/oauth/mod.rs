//! Logging in, and linking accounts, by way of other providers: real ones, in their own processes.

mod linking;
mod login;
mod providers;
mod refusals;
mod unlinking;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use serde_json::{Value, json};

use crate::harness::{Answer, App, Browser, Client, Place, Setup, Tokens};

/// Where the application is said to be. Nothing listens there: browsers are carried to where it is.
pub(crate) const PUBLIC: &str = "http://127.0.0.1:3999";
/// Where logins end.
pub(crate) const REDIRECT: &str = "https://app.example.com/signed-in";
pub(crate) const PROVIDERS: &str = "acme=oidc+http://acme:acme-secret@127.0.0.1:8015,\
     post=oidc+http://acme-post:acme-post-secret@127.0.0.1:8015?auth=post,\
     public=oidc+http://acme-public@127.0.0.1:8015,\
     github=github+http://hub:hub-secret@127.0.0.1:8016?api=http://127.0.0.1:8016,\
     google=google+http://goo:goo-secret@127.0.0.1:8017,\
     away=oidc+http://a:b@127.0.0.1:9";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

impl Setup {
    /// With other providers, and a clock that stands at the time they have, until it is moved.
    fn oauth() -> Self {
        Self::clock_at_real_time()
            .needing(
                "127.0.0.1:8015",
                "the identity providers",
                "source tests/services/ensure.sh; ensure_identity_providers",
            )
            .with("SERVER__PUBLIC_URL", PUBLIC)
            .with("OAUTH__PROVIDERS", PROVIDERS)
            .with("OAUTH__REDIRECT_URIS", "https://app.example.com/signed-in,com.example.app:/signed-in")
    }
}

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, VERIFIER.as_bytes()))
}

/// The value of a parameter in an address.
fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// Opens `authorize`: the browser keeps its cookie, and is sent to the address that is given.
pub(crate) async fn depart(app: &Client, browser: &Browser, provider: &str, query: &str) -> Url {
    let path = format!("/api/v1/auth/oauth/{provider}/authorize?redirectUri={REDIRECT}{query}");
    let answer = app.get(&path).gives(302).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    browser.keep(answer.header("set-cookie"));
    answer.header("location").parse().unwrap()
}

/// Logs in and agrees at the OpenID provider. Gives the address that it sends the browser back to.
pub(crate) async fn agree(browser: &Browser, at: Url, account: &str) -> Url {
    let mut place = browser.open(at, PUBLIC).await;
    for _ in 0..2 {
        place = match &place {
            Place::Stop(_) => break,
            Place::Page(_, html) if html.contains("name=\"login\"") => {
                browser.submit(&place, &[("login", account), ("password", "any")], PUBLIC).await
            }
            page @ Place::Page(..) => browser.submit(page, &[], PUBLIC).await,
        };
    }
    let Place::Stop(back) = place else { panic!("the provider does not send anybody back") };
    back
}

/// Carries the browser back to the application. Gives what it answers.
pub(crate) async fn arrive(app: &Client, browser: &Browser, back: &Url) -> Answer {
    let path = back.as_str().strip_prefix(PUBLIC).unwrap();
    app.get(path).header("cookie", &browser.cookies_for("/api")).send().await
}

/// The same, and where it is sent on to: a configured address, with nothing in it but one word for one purpose.
pub(crate) async fn sent_on(app: &Client, browser: &Browser, back: &Url) -> (String, String) {
    let answer = arrive(app, browser, back).await.is(302);
    let url: Url = answer.header("location").parse().unwrap();
    assert!(url.as_str().starts_with(REDIRECT), "{url}");
    let mut pairs = url.query_pairs().into_owned();
    let only = pairs.next().unwrap();
    assert_eq!((pairs.next(), url.fragment()), (None, None), "{url}");
    only
}

/// The whole way to a code.
pub(crate) async fn code_of(app: &Client, browser: &Browser, account: &str, query: &str) -> String {
    let at = depart(app, browser, "acme", query).await;
    let (name, code) = sent_on(app, browser, &agree(browser, at, account).await).await;
    assert_eq!(name, "code", "{code}");
    code
}

/// Why somebody is not let in.
async fn error_of(app: &Client, browser: &Browser, account: &str) -> String {
    let at = depart(app, browser, "acme", "").await;
    let (name, error) = sent_on(app, browser, &agree(browser, at, account).await).await;
    assert_eq!(name, "error");
    error
}

pub(crate) async fn exchange(app: &Client, body: &Value, browser: &Browser) -> Answer {
    let call = app.post("/api/v1/auth/oauth/exchange", body);
    call.header("cookie", &browser.cookies_for("/api")).send().await
}

/// A session by way of the OpenID provider.
pub(crate) async fn login_as(app: &Client, account: &str) -> Tokens {
    let browser = Browser::new();
    let code = code_of(app, &browser, account, "").await;
    Tokens::of(&exchange(app, &json!({ "code": code }), &browser).await.is(200))
}

/// Begins to link an account elsewhere: the browser keeps the cookie, and is to be sent to the address that is given.
async fn begin_link(app: &Client, access: &str, browser: &Browser, provider: &str) -> Url {
    let path = format!("/api/v1/auth/oauth/{provider}/link");
    let answer = app.post(&path, &json!({ "redirectUri": REDIRECT })).bearer(access).gives(200).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    browser.keep(answer.header("set-cookie"));
    answer.data()["authorizationUrl"].as_str().unwrap().parse().unwrap()
}

/// Links an account of the OpenID provider.
async fn link(app: &Client, access: &str, account: &str) -> (String, String) {
    let browser = Browser::new();
    let at = begin_link(app, access, &browser, "acme").await;
    sent_on(app, &browser, &agree(&browser, at, account).await).await
}

async fn identities(app: &App, access: &str) -> Vec<Value> {
    let answer = app.get("/api/v1/auth/identities").bearer(access).gives(200).await;
    answer.data().as_array().unwrap().clone()
}
