//! When guessing a password stops: per identifier *and* network, so that nobody can lock out somebody else.

use std::net::IpAddr;
use std::time::Duration;

use crate::Timestamp;

/// Failed tries of one identifier from one network within the current window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// How many.
    pub failures: i32,
    /// When they are forgotten.
    pub window_ends_at: Timestamp,
}

/// The rule of the contract: 5 wrong passwords within 15 minutes.
#[derive(Debug, Clone, Copy)]
pub struct Lockout {
    /// Wrong passwords before the lock.
    pub max_failures: i32,
    /// From the first wrong password on.
    pub window: Duration,
}

impl Default for Lockout {
    fn default() -> Self {
        Self { max_failures: 5, window: Duration::from_secs(15 * 60) }
    }
}

impl Lockout {
    /// How long the caller has to wait, if at all.
    pub fn locked_for(&self, attempts: Option<Attempts>, now: Timestamp) -> Option<Duration> {
        let attempts = attempts.filter(|a| a.failures >= self.max_failures)?;
        (attempts.window_ends_at - now).to_std().ok().filter(|left| !left.is_zero())
    }
}

/// The network an address counts for: an IPv4 /24 or an IPv6 /48, the sizes one party usually commands.
pub fn network_of(ip: Option<IpAddr>) -> String {
    match ip.map(|ip| ip.to_canonical()) {
        Some(IpAddr::V4(v4)) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
        None => "unknown".to_owned(),
    }
}

/// Whom a limit by address counts for: one IPv4 address, or an IPv6 /64, which is what one household gets and can walk
/// through at will.
pub fn host_of(ip: Option<IpAddr>) -> String {
    match ip.map(|ip| ip.to_canonical()) {
        Some(IpAddr::V4(v4)) => v4.to_string(),
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn locks_at_the_fifth_failure_until_the_window_ends() {
        let now = DateTime::UNIX_EPOCH;
        let after = |failures, seconds| {
            let window_ends_at = now + TimeDelta::seconds(seconds);
            Lockout::default().locked_for(Some(Attempts { failures, window_ends_at }), now)
        };
        assert_eq!(after(4, 60), None);
        assert_eq!(after(5, 60), Some(Duration::from_secs(60)));
        assert_eq!(after(9, 0), None);
        assert_eq!(Lockout::default().locked_for(None, now), None);
    }

    #[test]
    fn neighbours_share_a_network() {
        let net = |ip: &str| network_of(ip.parse().ok());
        assert_eq!(net("203.0.113.7"), net("203.0.113.250"));
        assert_eq!(net("203.0.113.7"), net("::ffff:203.0.113.9"));
        assert_ne!(net("203.0.113.7"), net("203.0.114.7"));
        assert_eq!(net("2001:db8:1:2::5"), "2001:db8:1::/48");
    }

    #[test]
    fn a_host_is_an_address_or_a_household() {
        let host = |ip: &str| host_of(ip.parse().ok());
        assert_eq!(host("203.0.113.7"), "203.0.113.7");
        assert_eq!(host("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(host("2001:db8:1:2::5"), host("2001:db8:1:2:ffff::9"));
        assert_ne!(host("2001:db8:1:2::5"), host("2001:db8:1:3::5"));
    }
}
