//! Redis for tests: a corner of the shared server, or servers of a test's own that it may kill, stop and restart.

mod groups;
mod server;
mod wire;

use std::sync::atomic::{AtomicU64, Ordering};

pub use groups::{RedisCluster, RedisSentinel};
pub use server::RedisServer;

use crate::services::require_or_skip;

const DEFAULT_ADDRESS: &str = "127.0.0.1:6379";

/// A key prefix of its own on the shared server; what lies under it goes when this is dropped.
pub struct RedisCorner {
    address: String,
    prefix: String,
}

impl RedisCorner {
    /// `None`, after saying so on stderr, when no server answers.
    #[allow(
        clippy::disallowed_methods,
        reason = "a switch of the test run, not configuration of the program"
    )]
    pub fn new() -> Option<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let address = std::env::var("MAINSTAY_TEST_REDIS").unwrap_or_else(|_| DEFAULT_ADDRESS.to_owned());
        if wire::ask(&address, &["PING"]).is_none_or(|answer| !answer.contains("PONG")) {
            require_or_skip("Redis", "redis-server --port 6379, or set MAINSTAY_TEST_REDIS to host:port");
            return None;
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Some(Self { address, prefix: format!("test-{}-{number}", std::process::id()) })
    }

    /// How to reach it.
    pub fn url(&self) -> String {
        format!("redis://{}?prefix={}", self.address, self.prefix)
    }
}

impl Drop for RedisCorner {
    fn drop(&mut self) {
        let script = "local cursor = '0' repeat \
            local found = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 1000) cursor = found[1] \
            for _, key in ipairs(found[2]) do redis.call('UNLINK', key) end until cursor == '0' return 1";
        wire::ask(&self.address, &["EVAL", script, "0", &format!("{}:*", self.prefix)]);
    }
}
