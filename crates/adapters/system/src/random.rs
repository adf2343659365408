//! Randomness.

use ports::{Error, Kind, Random, Result};

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    #[allow(clippy::disallowed_methods, reason = "this is the one place that the ban points to")]
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        getrandom::fill(buffer).map_err(|error| Error::with(Kind::Unavailable, "read randomness", error))
    }
}
