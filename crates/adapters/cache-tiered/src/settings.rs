//! `?near=off` and `?near_ms=5000` in the far cache's URL.

use std::time::Duration;

use ports::{Error, Kind, Result};

/// Short: what other processes could not tell is seen for that long at most.
const DEFAULT: Duration = Duration::from_secs(5);

pub(crate) fn keep(url: &str) -> Result<Option<Duration>> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut keep = Some(DEFAULT);
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        keep = match (name, value) {
            ("near", "off") => None,
            ("near", "on") => keep,
            ("near_ms", millis) => match millis.parse() {
                Ok(millis) if (1..=60_000).contains(&millis) => keep.map(|_| Duration::from_millis(millis)),
                _ => return Err(refused("near_ms is a number from 1 to 60000")),
            },
            (name, _) if name.starts_with("near") => {
                return Err(refused("near is on or off, near_ms a number of milliseconds"));
            }
            _ => keep,
        };
    }
    Ok(keep)
}

fn refused(why: &'static str) -> Error {
    Error::with(Kind::Internal, "read the cache's URL", why)
}
