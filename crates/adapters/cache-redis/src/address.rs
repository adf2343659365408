//! URLs: where the servers are, and how this installation's keys are told from others'.
//!
//! ```text
//! redis://[user:password@]host[:6379][/database]
//! rediss://…                                        the same through TLS
//! redis-cluster://[user:password@]host:port,host:port,…
//! redis-sentinel://[user:password@]host:26379,…/<master>[/database]      also redis+sentinel://
//!     ?prefix=mainstay          in front of every key
//!     ?timeout_ms=250           for each command
//!     ?tls=on                   cluster and Sentinel: TLS to all of them
//!     ?sentinel_password=…      Sentinel: its own
//! ```
//!
//! Parameters whose names begin with `near` are for whoever puts a cache in front of this one.

use std::time::Duration;

use deadpool_redis::{ConnectionAddr, ConnectionInfo, RedisConnectionInfo};
use ports::{Error, Kind, Result};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

const DEFAULT_PREFIX: &str = "mainstay";
const DEFAULT_TIMEOUT: Duration = Duration::from_millis(250);

/// Which servers, and how they belong together.
#[derive(Clone)]
pub(crate) enum Topology {
    Single,
    Cluster,
    /// With the name of the master that Sentinel watches.
    Sentinel(String),
}

/// A parsed URL.
#[derive(Clone)]
pub struct Address {
    pub(crate) topology: Topology,
    hosts: Vec<(String, u16)>,
    tls: bool,
    user: Option<String>,
    password: Option<SecretString>,
    sentinel_password: Option<SecretString>,
    database: i64,
    pub(crate) prefix: String,
    pub(crate) timeout: Duration,
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// `Internal`, with what is wrong and without the URL itself, which may hold a password.
    pub fn parse(url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| refused("it has no scheme"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, authority),
        };
        let sentinel = matches!(scheme, "redis-sentinel" | "redis+sentinel");
        let topology = match scheme {
            "redis" | "rediss" => Topology::Single,
            "redis-cluster" => Topology::Cluster,
            _ if sentinel => Topology::Sentinel(String::new()),
            _ => return Err(refused("expected redis, rediss, redis-cluster or redis-sentinel")),
        };
        let default_port = if sentinel { 26379 } else { 6379 };
        let mut address = Self {
            topology,
            hosts: hosts.split(',').map(|host| host_and_port(host, default_port)).collect::<Result<_>>()?,
            tls: scheme == "rediss",
            user: None,
            password: None,
            sentinel_password: None,
            database: 0,
            prefix: DEFAULT_PREFIX.to_owned(),
            timeout: DEFAULT_TIMEOUT,
        };
        address.read_login(login)?;
        address.read_path(path)?;
        address.read_parameters(query)?;
        Ok(address)
    }

    fn read_login(&mut self, login: Option<&str>) -> Result<()> {
        let Some(login) = login else { return Ok(()) };
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        self.user = Some(decoded(user)?).filter(|user| !user.is_empty());
        self.password = Some(decoded(password)?).filter(|text| !text.is_empty()).map(SecretString::from);
        Ok(())
    }

    fn read_path(&mut self, path: &str) -> Result<()> {
        let database = match &mut self.topology {
            Topology::Single => path,
            Topology::Cluster if path.is_empty() => path,
            Topology::Cluster => return Err(refused("a cluster has no numbered databases")),
            Topology::Sentinel(master) => {
                let (name, database) = path.split_once('/').unwrap_or((path, ""));
                if name.is_empty() {
                    return Err(refused(
                        "expected the master's name behind the hosts: redis-sentinel://…/<master>",
                    ));
                }
                decoded(name)?.clone_into(master);
                database
            }
        };
        if !database.is_empty() {
            let number = database.parse().ok().filter(|number| *number >= 0);
            self.database = number.ok_or_else(|| refused("the database is a number"))?;
        }
        Ok(())
    }

    fn read_parameters(&mut self, query: &str) -> Result<()> {
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "prefix" if is_plain(&value) => self.prefix = value.into_owned(),
                "prefix" => return Err(refused("prefix consists of letters, digits and . _ -")),
                "timeout_ms" => {
                    let millis = value.parse().ok().filter(|millis| (1..=60_000).contains(millis));
                    let millis = millis.ok_or_else(|| refused("timeout_ms is a number from 1 to 60000"))?;
                    self.timeout = Duration::from_millis(millis);
                }
                "tls" if matches!(&*value, "on" | "off") => self.tls = self.tls || value == "on",
                "tls" => return Err(refused("tls is on or off")),
                "sentinel_password" => self.sentinel_password = Some(value.into_owned().into()),
                _ if name.starts_with("near") => {}
                _ => {
                    return Err(refused(
                        "parameters are prefix, timeout_ms, tls, sentinel_password, near and near_ms",
                    ));
                }
            }
        }
        Ok(())
    }

    /// How each of the named hosts is connected to.
    pub(crate) fn hosts(&self) -> Vec<ConnectionInfo> {
        // Those of a Sentinel URL are the Sentinels, which have no databases and a password of their own.
        let redis = match self.topology {
            Topology::Sentinel(_) => RedisConnectionInfo {
                password: self.sentinel_password.as_ref().map(|text| text.expose_secret().to_owned()),
                ..RedisConnectionInfo::default()
            },
            _ => self.login(),
        };
        let connection = |(host, port): &(String, u16)| {
            let (host, port) = (host.clone(), *port);
            let addr = if self.tls {
                ConnectionAddr::TcpTls { host, port, insecure: false }
            } else {
                ConnectionAddr::Tcp(host, port)
            };
            ConnectionInfo { addr, redis: redis.clone() }
        };
        self.hosts.iter().map(connection).collect()
    }

    /// How whoever holds the data is logged in to.
    pub(crate) fn login(&self) -> RedisConnectionInfo {
        RedisConnectionInfo {
            db: self.database,
            username: self.user.clone(),
            password: self.password.as_ref().map(|text| text.expose_secret().to_owned()),
            ..RedisConnectionInfo::default()
        }
    }

    /// Whether connections are encrypted.
    pub(crate) fn tls(&self) -> bool {
        self.tls
    }
}

/// A host by name or number, IPv6 in brackets.
fn host_and_port(text: &str, default_port: u16) -> Result<(String, u16)> {
    // The scheme only has to be one whose hosts are read as such.
    let url = Url::parse(&format!("http://{text}")).map_err(|_| refused("a host or port is not one"))?;
    let host = url.host_str().ok_or_else(|| refused("a host is missing"))?;
    let port = if text.ends_with(":80") { 80 } else { url.port().unwrap_or(default_port) };
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}

fn decoded(text: &str) -> Result<String> {
    // The parser of query strings also turns `+` into a space, which a password may contain.
    let escaped = format!("x={}", text.replace('+', "%2B"));
    let pair = url::form_urlencoded::parse(escaped.as_bytes()).next();
    pair.map(|(_, value)| value.into_owned()).ok_or_else(|| refused("a part is not percent-encoded text"))
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

fn refused(why: &'static str) -> Error {
    Error::with(Kind::Internal, "read the URL of Redis", why)
}
