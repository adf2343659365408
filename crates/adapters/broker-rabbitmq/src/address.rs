//! URLs: where the server is, and how this installation's queues are told from others'.
//!
//! ```text
//! amqp://[user:password@]host[:5672][/virtual-host]
//! amqps://…                 the same through TLS
//!     ?prefix=mainstay      in front of exchanges and queues
//!     ?timeout_ms=5000      for each answer
//! ```

use std::time::Duration;

use lapin::uri::AMQPUri;
use ports::{Error, Kind, Result};
use url::Url;

/// Silence after which the server is taken for gone, in seconds.
const HEARTBEAT: u16 = 5;

/// A parsed URL.
pub(crate) struct Address {
    pub(crate) uri: AMQPUri,
    pub(crate) prefix: String,
    pub(crate) timeout: Duration,
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// `Internal`, with what is wrong and without the URL itself, which may hold a password.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let mut url = Url::parse(url).map_err(|_| refused("it is none"))?;
        if !matches!(url.scheme(), "amqp" | "amqps") {
            return Err(refused("expected amqp or amqps"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(refused("a host is missing"));
        }
        let (mut prefix, mut timeout) = ("mainstay".to_owned(), Duration::from_secs(5));
        for (name, value) in url.query_pairs() {
            match &*name {
                "prefix" if is_plain(&value) => prefix = value.into_owned(),
                "prefix" => return Err(refused("prefix is up to 64 letters, digits and . _ -")),
                "timeout_ms" => {
                    let millis = value.parse().ok().filter(|millis| (1..=60_000).contains(millis));
                    let millis = millis.ok_or_else(|| refused("timeout_ms is a number from 1 to 60000"))?;
                    timeout = Duration::from_millis(millis);
                }
                _ => return Err(refused("parameters are prefix and timeout_ms")),
            }
        }
        url.set_query(None);
        let mut uri: AMQPUri = url.as_str().parse().map_err(|_| refused("a part is not as AMQP has it"))?;
        uri.query.heartbeat = Some(HEARTBEAT);
        Ok(Self { uri, prefix, timeout })
    }
}

fn is_plain(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

fn refused(why: &'static str) -> Error {
    Error::with(Kind::Internal, "read the URL of RabbitMQ", why)
}
