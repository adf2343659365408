//! The cache.

use crate::config::{SecretUrl, section::section};

section! {
    /// What may be forgotten: cached values and rate limits.
    pub struct CacheConfig in cache {
        /// Cache; `memory://` is one per process.
        url: SecretUrl = Fixed("memory://"), alias "REDIS_URL";
    }
}
