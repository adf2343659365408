//! Whether a real server answers, and what to do when it does not.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// True when something accepts connections at `addr` (`127.0.0.1:1025`) within a second.
pub fn service_answers(addr: &str) -> bool {
    let addr: SocketAddr = addr.parse().expect("an address as ip:port");
    TcpStream::connect_timeout(&addr, Duration::from_secs(1)).is_ok()
}

/// To be called when the server `name` does not answer; `how` says how to start it. Returns, for the caller to
/// skip its test, after saying so on stderr.
///
/// # Panics
/// When `MAINSTAY_TEST_SERVICES` is `required`: where all servers are supposed to run, a skipped test is a lie.
#[allow(clippy::disallowed_methods, reason = "a switch of the test run, not configuration of the program")]
#[allow(clippy::print_stderr, reason = "a skipped test has to be seen")]
pub fn require_or_skip(name: &str, how: &str) {
    let required = std::env::var("MAINSTAY_TEST_SERVICES").is_ok_and(|value| value == "required");
    assert!(!required, "{name} does not answer and is required; start it with: {how}");
    eprintln!("SKIPPED: {name} does not answer; start it with: {how}");
}
