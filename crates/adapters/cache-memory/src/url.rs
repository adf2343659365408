//! `memory://?max_mb=64`.

use ports::{Error, Kind, Result};

const DEFAULT_MB: u64 = 64;

pub(crate) fn max_bytes(url: &str) -> Result<u64> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut megabytes = DEFAULT_MB;
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        megabytes = match (name, value.parse()) {
            ("max_mb", Ok(number)) if number > 0 => number,
            ("max_mb", _) => return Err(refused("max_mb is a number of megabytes, at least 1")),
            _ => return Err(refused("the one parameter of memory:// is max_mb")),
        };
    }
    Ok(megabytes.saturating_mul(1024 * 1024))
}

fn refused(why: &'static str) -> Error {
    Error::with(Kind::Internal, "read the cache's URL", why)
}
