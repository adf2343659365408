//! A URL whose scheme picks a driver, and which may hold credentials.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Secrecy, Setting};
use crate::config::redact;

/// Shown without its credentials. What follows the scheme is the adapter's to
/// parse: `sqlite://./data/x.db` and lists of hosts are no URLs to a browser.
#[derive(Clone)]
pub struct SecretUrl(SecretString);

impl SecretUrl {
    /// The whole text, credentials included.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub fn scheme(&self) -> &str {
        self.expose().split_once("://").map_or("", |(scheme, _)| scheme)
    }

    /// Percent-encoded, as it stands. `None` if there is none, or the text is no standard URL.
    pub(crate) fn user(&self) -> Option<String> {
        let url = Url::parse(self.expose()).ok()?;
        Some(url.username().to_owned()).filter(|user| !user.is_empty())
    }

    /// Percent-encoded, as it stands. `None` if there is none, or the text is no standard URL.
    pub(crate) fn password(&self) -> Option<String> {
        Url::parse(self.expose()).ok()?.password().map(str::to_owned)
    }
}

impl Setting for SecretUrl {
    const SECRECY: Secrecy = Secrecy::Url;

    fn parse(text: &str) -> Result<Self, String> {
        let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
        let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
        // RFC 3986, section 3.1
        let named = scheme.starts_with(|c: char| c.is_ascii_lowercase()) && scheme.chars().all(lower);
        if named && !text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            Ok(Self(text.into()))
        } else {
            Err("expected a URL, scheme://… with the scheme in lower case and without spaces".to_owned())
        }
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact::url(self.expose()))
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretUrl({self})")
    }
}
