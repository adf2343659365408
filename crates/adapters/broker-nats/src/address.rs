//! URLs: where the servers are, and how this installation's streams are told from others'.
//!
//! ```text
//! nats://[user:password@ | token@]host[:4222][,host…]
//!     ?prefix=mainstay      in front of streams and subjects
//!     ?replicas=1           of each stream, when it is made: 3 in a cluster
//!     ?timeout_ms=5000      for each answer
//!     ?tls=on               whatever the server says it needs
//! ```

use std::time::Duration;

use async_nats::ConnectOptions;
use ports::{Error, Kind, Result};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// A parsed URL.
pub(crate) struct Address {
    pub(crate) hosts: Vec<String>,
    user: String,
    password: Option<SecretString>,
    tls: bool,
    pub(crate) prefix: String,
    pub(crate) replicas: usize,
    pub(crate) timeout: Duration,
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// `Internal`, with what is wrong and without the URL itself, which may hold a password.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| refused("it has no scheme"))?;
        if scheme != "nats" {
            return Err(refused("expected nats"));
        }
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let place = place.trim_end_matches('/');
        let (login, hosts) = place.rsplit_once('@').map_or(("", place), |(login, hosts)| (login, hosts));
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (decoded(user)?, Some(decoded(password)?.into())),
            None => (decoded(login)?, None),
        };
        let hosts = hosts.split(',').map(server).collect::<Result<_>>()?;
        let mut address = Self {
            hosts,
            user,
            password,
            tls: false,
            prefix: "mainstay".to_owned(),
            replicas: 1,
            timeout: Duration::from_secs(5),
        };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            address.read_parameter(&name, &value)?;
        }
        Ok(address)
    }

    fn read_parameter(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "prefix" if is_plain(value) => value.clone_into(&mut self.prefix),
            "prefix" => return Err(refused("prefix consists of letters, digits and -")),
            "replicas" => {
                let replicas = value.parse().ok().filter(|replicas| (1..=5).contains(replicas));
                self.replicas = replicas.ok_or_else(|| refused("replicas is a number from 1 to 5"))?;
            }
            "timeout_ms" => {
                let millis = value.parse().ok().filter(|millis| (1..=60_000).contains(millis));
                let millis = millis.ok_or_else(|| refused("timeout_ms is a number from 1 to 60000"))?;
                self.timeout = Duration::from_millis(millis);
            }
            "tls" if matches!(value, "on" | "off") => self.tls = value == "on",
            "tls" => return Err(refused("tls is on or off")),
            _ => return Err(refused("parameters are prefix, replicas, timeout_ms and tls")),
        }
        Ok(())
    }

    /// What the client is told.
    pub(crate) fn options(&self) -> ConnectOptions {
        let options = ConnectOptions::new().name("mainstay").require_tls(self.tls);
        match &self.password {
            Some(password) => {
                options.user_and_password(self.user.clone(), password.expose_secret().to_owned())
            }
            None if self.user.is_empty() => options,
            None => options.token(self.user.clone()),
        }
    }
}

fn server(text: &str) -> Result<String> {
    // The scheme only has to be one whose hosts are read as such.
    let url = Url::parse(&format!("http://{text}")).map_err(|_| refused("a host or port is not one"))?;
    let plain = url.path() == "/" && url.host_str().is_some();
    if plain { Ok(format!("nats://{text}")) } else { Err(refused("a host is missing, or more follows it")) }
}

fn decoded(text: &str) -> Result<String> {
    // The parser of query strings also turns `+` into a space, which a password may contain.
    let escaped = format!("x={}", text.replace('+', "%2B"));
    let pair = url::form_urlencoded::parse(escaped.as_bytes()).next();
    pair.map(|(_, value)| value.into_owned()).ok_or_else(|| refused("a part is not percent-encoded text"))
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn refused(why: &'static str) -> Error {
    Error::with(Kind::Internal, "read the URL of NATS", why)
}
