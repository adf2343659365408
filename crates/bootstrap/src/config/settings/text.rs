//! Texts with a form. What uses them parses them further.

use std::net::IpAddr;

use tracing_subscriber::EnvFilter;
use url::{Host, Url};

use super::Setting;

macro_rules! text {
    ($(#[$about:meta])* $name:ident, $is_one:expr, $advice:literal) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Setting for $name {
            fn parse(text: &str) -> Result<Self, String> {
                let is_one: fn(&str) -> bool = $is_one;
                if is_one(text) { Ok(Self(text.to_owned())) } else { Err($advice.to_owned()) }
            }
        }
    };
}

text! {
    /// What a listener binds: an IP address (IPv6 without brackets) or a host name.
    BindHost,
    |text| text.parse::<IpAddr>().is_ok() || matches!(Host::parse(text), Ok(Host::Domain(_))),
    "expected an IP address or a host name, without a port"
}

text! {
    /// A domain in lower case, as browsers compare it.
    DomainName,
    |text| matches!(Host::parse(text), Ok(Host::Domain(domain)) if domain == text),
    "expected a domain such as example.com, in lower case and without a port"
}

text! {
    /// `user@host`; the domain decides what it accepts beyond that.
    EmailAddress,
    is_address,
    "expected an e-mail address"
}

text! {
    /// `Name <user@host>` or `user@host`.
    Sender,
    |text| match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) => is_address(address) && !name.contains(char::is_control),
        None => is_address(text),
    },
    "expected `Name <user@host>` or `user@host`"
}

text! {
    /// Directives of `tracing_subscriber::EnvFilter`, as in `RUST_LOG`.
    LogFilter,
    |text| !text.trim().is_empty() && EnvFilter::builder().parse(text).is_ok(),
    "expected a level or directives such as `info,mainstay_http=debug`"
}

text! {
    /// Lower-case letters, digits, `-` and `_`: safe in every broker and in a metric.
    QueueName,
    |text| !text.is_empty() && text.chars().all(|c| is_label(c) || c == '_'),
    "expected a name of lower-case letters, digits, - and _"
}

text! {
    /// Where a login may end: a page, or an application of a device under a scheme of its own, which is a reverse
    /// domain name (RFC 8252, section 7.1).
    RedirectUri,
    |text| Url::parse(text).is_ok_and(|url| {
        let page = matches!(url.scheme(), "http" | "https") && url.has_host();
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        (page || url.scheme().contains('.')) && plain && text.len() <= 2048
    }),
    "expected http(s)://host/path or com.example.app:/path, without a fragment"
}

impl RedirectUri {
    /// Whether what is sent there stays between the browser and the application.
    pub(crate) fn is_private(&self) -> bool {
        let own_device = |url: &Url| match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        Url::parse(&self.0).is_ok_and(|url| url.scheme() != "http" || own_device(&url))
    }
}

text! {
    /// A role of PostgreSQL that needs no quotes. Shorter than the server's 63 by the `_reader` of the role beside it.
    RoleName,
    |text| {
        text.len() <= 56
            && text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    },
    "expected a name of lower-case letters, digits and _"
}

text! {
    /// A reverse domain name, as CloudEvents recommends for `type`.
    TypePrefix,
    |text| text.split('.').all(|label| !label.is_empty() && label.chars().all(is_label)),
    "expected a reverse domain name such as com.example"
}

fn is_label(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

fn is_address(text: &str) -> bool {
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>,;".contains(c));
    let parts = text.rsplit_once('@');
    plain
        && parts
            .is_some_and(|(user, host)| !user.is_empty() && !user.contains('@') && Host::parse(host).is_ok())
}
