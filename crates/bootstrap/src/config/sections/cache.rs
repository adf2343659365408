//! The cache.

use crate::config::{SecretUrl, section::section};

section! {
    /// What may be forgotten: cached values and rate limits.
    pub struct CacheConfig in cache {
        /// Cache: `memory://` (one per process), `redis://`, `redis-cluster://a,b`, `redis-sentinel://a,b/master`; `?prefix=`.
        url: SecretUrl = Fixed("memory://"), alias "REDIS_URL";
    }
}
