//! Rate limits.

use crate::config::section::section;

section! {
    /// Whether callers are slowed down.
    pub struct RateLimitConfig in rate_limit {
        /// `false` for load tests; account lock and hashing bounds stay on.
        enabled: bool = Fixed("true");
    }
}
