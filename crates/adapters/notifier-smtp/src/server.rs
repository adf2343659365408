//! Where the mail server is, and how to greet it.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use ports::Result;
use url::Url;

use crate::configured;

/// Ports of RFC 8314, section 7.3, and RFC 6409, section 3.1.
const SUBMISSIONS: u16 = 465;
const SUBMISSION: u16 = 587;
/// One of a name's several addresses may be dead.
const PATIENCE_PER_ADDRESS: Duration = Duration::from_secs(5);

/// A server's address and what it takes to be let in.
pub(crate) struct Server {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
    /// How we introduce ourselves.
    own_name: ClientId,
}

impl Server {
    /// Errors name the part that is wrong, never the text of the URL: it may hold a password.
    pub(crate) fn parse(url: &str, own_domain: &str) -> Result<Self> {
        let url = Url::parse(url).map_err(|error| configured(error.to_string()))?;
        // An IPv6 address stands in brackets in URLs and nowhere else.
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(configured("the host is missing".to_owned()));
        }
        let port = if url.scheme() == "smtps" { SUBMISSIONS } else { SUBMISSION };
        Ok(Self {
            port: url.port().unwrap_or(port),
            tls: tls(&url, &host)?,
            credentials: credentials(&url)?,
            own_name: ClientId::Domain(own_domain.to_owned()),
            host,
        })
    }

    /// Connects, secures the connection and logs in.
    pub(crate) async fn dial(&self) -> std::result::Result<AsyncSmtpConnection, SmtpError> {
        let implicit = if let Tls::Wrapper(parameters) = &self.tls { Some(parameters.clone()) } else { None };
        let address = (self.host.as_str(), self.port);
        let patience = Some(PATIENCE_PER_ADDRESS);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, patience, &self.own_name, implicit, None).await?;
        match &self.tls {
            Tls::Required(parameters) => connection.starttls(parameters.clone(), &self.own_name).await?,
            Tls::Opportunistic(parameters) if connection.can_starttls() => {
                connection.starttls(parameters.clone(), &self.own_name).await?;
            }
            Tls::Opportunistic(_) | Tls::None | Tls::Wrapper(_) => {}
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

fn tls(url: &Url, host: &str) -> Result<Tls> {
    let parameters = || TlsParameters::new(host.to_owned()).map_err(|error| configured(error.to_string()));
    let asked = starttls(url)?;
    // Mail that stays on this host needs no certificate, and seldom has a valid one.
    let default = if is_loopback(host) { "opportunistic" } else { "required" };
    match url.scheme() {
        "smtps" if asked.is_none() => Ok(Tls::Wrapper(parameters()?)),
        "smtps" => Err(configured("starttls belongs to smtp://, not to smtps://".to_owned())),
        "smtp" => match asked.as_deref().unwrap_or(default) {
            "required" => Ok(Tls::Required(parameters()?)),
            "opportunistic" => Ok(Tls::Opportunistic(parameters()?)),
            "off" => Ok(Tls::None),
            _ => Err(configured("starttls is required, opportunistic or off".to_owned())),
        },
        _ => Err(configured("the scheme is smtp or smtps".to_owned())),
    }
}

/// The value of the only parameter there is.
fn starttls(url: &Url) -> Result<Option<String>> {
    let mut value = None;
    for (name, given) in url.query_pairs() {
        if name != "starttls" {
            return Err(configured("the only parameter is starttls".to_owned()));
        }
        value = Some(given.into_owned());
    }
    Ok(value)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn credentials(url: &Url) -> Result<Option<Credentials>> {
    if url.username().is_empty() {
        return Ok(None);
    }
    let unreadable = || configured("user and password are percent-encoded UTF-8".to_owned());
    let user = percent_decoded(url.username()).ok_or_else(unreadable)?;
    let password = percent_decoded(url.password().unwrap_or_default()).ok_or_else(unreadable)?;
    Ok(Some(Credentials::new(user, password)))
}

/// RFC 3986, section 2.1.
fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    let hex = |digit: u8| char::from(digit).to_digit(16);
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => u8::try_from(hex(bytes.next()?)? << 4 | hex(bytes.next()?)?).ok()?,
            _ => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}
