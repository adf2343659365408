//! How a provider knows this installation: read from its URL.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;
use ports::{Error, Kind, Result};
use secrecy::SecretString;
use url::{Position, Url};

/// How a client proves who it is at the token endpoint (OpenID Connect Core, section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientAuth {
    /// In the header `Authorization`.
    Basic,
    /// In the body.
    Post,
}

/// A client of a provider.
#[derive(Clone)]
pub(crate) struct Registration {
    /// `https://…`, as the provider calls itself.
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// Without one it is a public client: PKCE alone protects the code.
    pub(crate) client_secret: Option<SecretString>,
    /// As configured; the provider's own words decide otherwise.
    pub(crate) auth: Option<ClientAuth>,
    /// Where GitHub's API is, if not where it usually is.
    pub(crate) api: Option<Url>,
}

/// It is written beside every account.
const LONGEST: usize = 255;

/// What is configured can't be used. The text holds nothing of the URL.
fn configured(reason: &'static str) -> Error {
    Error::with(Kind::Internal, "read a provider's URL", reason)
}

impl Registration {
    /// Reads `<scheme>://<client id>[:<secret>]@<issuer without https://>[?auth=basic|post][&api=<url>]`, credentials
    /// percent-encoded. A scheme that ends in `+http` is for an issuer without TLS.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let url = Url::parse(text).map_err(|_| configured("expected scheme://client:secret@host/path"))?;
        let transport = if url.scheme().ends_with("+http") { "http" } else { "https" };
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8();
            text.map(Cow::into_owned).map_err(|_| configured("the credentials are no UTF-8"))
        };
        if url.username().is_empty() {
            return Err(configured("expected the client's id before the host"));
        }
        let (mut auth, mut api) = (None, None);
        for (name, value) in url.query_pairs() {
            match (&*name, &*value) {
                ("auth", "basic") => auth = Some(ClientAuth::Basic),
                ("auth", "post") => auth = Some(ClientAuth::Post),
                ("api", text) => {
                    api = Some(Url::parse(text).map_err(|_| configured("expected a URL as `api`"))?);
                }
                _ => return Err(configured("expected no parameters but `auth` (basic or post) and `api`")),
            }
        }
        let issuer = format!("{transport}://{}", &url[Position::BeforeHost..Position::AfterPath]);
        if issuer.len() > LONGEST {
            return Err(configured("expected an issuer of at most 255 bytes"));
        }
        Ok(Self {
            issuer,
            client_id: decoded(url.username())?,
            client_secret: url.password().map(decoded).transpose()?.map(SecretString::from),
            auth,
            api,
        })
    }

    /// Whether an endpoint may be used: with an issuer behind TLS, only one behind TLS.
    pub(crate) fn trusts(&self, endpoint: &Url) -> bool {
        endpoint.scheme() == "https" || (endpoint.scheme() == "http" && self.issuer.starts_with("http:"))
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn urls_name_issuer_and_client() {
        for (text, issuer, id, secret) in [
            ("oidc://app:s%2Fc%40t@id.example.com", "https://id.example.com", "app", Some("s/c@t")),
            ("oidc://app@id.example.com/", "https://id.example.com/", "app", None),
            (
                "oidc+http://a%3Ab:c@127.0.0.1:8015/realms/x",
                "http://127.0.0.1:8015/realms/x",
                "a:b",
                Some("c"),
            ),
        ] {
            let read = Registration::parse(text).unwrap();
            assert_eq!((read.issuer.as_str(), read.client_id.as_str()), (issuer, id), "{text}");
            assert_eq!(read.client_secret.as_ref().map(ExposeSecret::expose_secret), secret, "{text}");
            assert!(!format!("{read:?}").contains("app"));
        }
        let read =
            Registration::parse("github://a:b@github.com?auth=post&api=https://api.x.example").unwrap();
        assert_eq!(read.auth, Some(ClientAuth::Post));
        assert_eq!(read.api.unwrap().as_str(), "https://api.x.example/");
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        for text in [
            "nonsense",
            "oidc://id.example.com",
            "oidc://a:hush@id.example.com?auth=none",
            "oidc://a:hush@id.example.com?scope=x",
            "github://a:hush@github.com?api=nowhere",
        ] {
            let error = Registration::parse(text).unwrap_err();
            let said = ports::Chain(&error).to_string();
            assert!(said.contains("expected") && !said.contains("hush"), "{said}");
        }
    }
}
