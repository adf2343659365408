//! URLs that browsers see.

use url::{Host, Url};

use super::Setting;

/// An `http` or `https` URL with a host, and without credentials, query or fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebUrl(Url);

impl WebUrl {
    /// Without a slash at the end, so that a path can follow.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    pub fn as_url(&self) -> &Url {
        &self.0
    }

    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The same with the name that browsers take for secure and passkeys can be bound to, when its host is an address of
    /// this machine.
    pub(crate) fn on_localhost(&self) -> Url {
        let loopback = match self.0.host() {
            Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
            Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
            _ => false,
        };
        let mut url = self.0.clone();
        if loopback {
            // A URL with a host takes any other, so nothing can fail here.
            let _ = url.set_host(Some("localhost"));
        }
        url
    }

    /// A URL with a host takes any port, so nothing can fail here.
    pub(crate) fn set_port(&mut self, port: u16) {
        let _ = self.0.set_port(Some(port));
    }
}

impl Setting for WebUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let plain = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        };
        let url = Url::parse(text).ok().filter(plain);
        url.map(Self)
            .ok_or_else(|| "expected http(s)://host[:port][/path], nothing before or after".to_owned())
    }
}

/// An origin (RFC 6454) that may call the API from a browser, or `*` for any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// As browsers send it in the `Origin` header: in lower case, without the scheme's own port.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }
}

impl Setting for Origin {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self(text.to_owned()));
        }
        let origin = WebUrl::parse(text).ok().filter(|url| url.0.path() == "/" && !text.ends_with('/'));
        origin
            .map(|url| Self(url.0.origin().ascii_serialization()))
            .ok_or_else(|| "expected an origin, http(s)://host[:port] without a path".to_owned())
    }
}
