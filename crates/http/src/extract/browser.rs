//! The one cookie there is: it tells, while somebody is at another provider, that the browser which comes back is the
//! one that was sent there.

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{FromRequest, HttpRequest, web};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use futures_util::future::{Ready, ready};
use secrecy::{ExposeSecret, SecretString};

use crate::State;
use crate::respond::Failure;

const NAME: &str = "mainstay_oauth";
/// As long as a login may take, and its code with it.
const MAX_AGE: Duration = Duration::minutes(11);

/// What the browser keeps for us. Behind TLS under a name that no other host of the domain can set a cookie for
/// (RFC 6265bis, section 4.1.3.2): whoever could plant one could have somebody logged in as somebody else.
pub(crate) struct Browser {
    pub(crate) secret: Option<SecretString>,
    secure: bool,
}

impl FromRequest for Browser {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<web::Data<State>>();
        let read = state.ok_or_else(Failure::internal).map(|state| {
            let secure = state.edge.settings.secure_cookies;
            Self { secret: read(request.headers(), &name(secure)), secure }
        });
        ready(read)
    }
}

impl Browser {
    /// Has the browser keep this, where scripts can't read it, and send it along only here and when somebody comes
    /// from elsewhere by a link.
    pub(crate) fn keeps(&self, secret: &SecretString) -> Option<HeaderValue> {
        self.cookie(secret.expose_secret(), MAX_AGE)
    }

    /// Has the browser forget it.
    pub(crate) fn forgets(&self) -> Option<HeaderValue> {
        self.cookie("", Duration::ZERO)
    }

    fn cookie(&self, value: &str, max_age: Duration) -> Option<HeaderValue> {
        let cookie = Cookie::build((name(self.secure), value.to_owned()))
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .max_age(max_age);
        HeaderValue::from_str(&cookie.build().to_string()).ok()
    }
}

fn name(secure: bool) -> String {
    if secure { format!("__Host-{NAME}") } else { NAME.to_owned() }
}

/// Two of one name are none: it would be a guess which one counts.
fn read(headers: &HeaderMap, name: &str) -> Option<SecretString> {
    let texts = headers.get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let mut found = texts.flat_map(Cookie::split_parse).flatten().filter(|cookie| cookie.name() == name);
    let first = found.next()?;
    found.next().is_none().then(|| first.value().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::COOKIE, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn one_cookie_is_read_and_two_are_none() {
        let read = |values: &[&'static str]| {
            read(&headers(values), "mainstay_oauth").map(|secret| secret.expose_secret().to_owned())
        };
        assert_eq!(read(&["a=1; mainstay_oauth=xyz; b"]).as_deref(), Some("xyz"));
        assert_eq!(read(&["a=1", "mainstay_oauth=xyz"]).as_deref(), Some("xyz"));
        for none in [&["__Host-mainstay_oauth=x"][..], &["mainstay_oauth=x; mainstay_oauth=y"], &[]] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }

    #[test]
    fn it_is_kept_away_from_scripts_and_other_sites() {
        let kept = |secure| {
            let browser = Browser { secret: None, secure };
            browser.keeps(&"xyz".into()).unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(kept(false), "mainstay_oauth=xyz; HttpOnly; SameSite=Lax; Path=/; Max-Age=660");
        assert_eq!(
            kept(true),
            "__Host-mainstay_oauth=xyz; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=660"
        );
    }
}
