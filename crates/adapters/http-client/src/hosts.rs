//! What is remembered of servers: how they are, and how many retries they may still be burdened with.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use moka::sync::Cache;
use ports::{HttpRequest, Target};
use tower::retry::budget::TpsBudget;
use url::Url;

/// So many failures in a row open the circuit …
const FAILURES: u32 = 5;
/// … for so long; then one request at a time finds out.
const PAUSE: Duration = Duration::from_secs(10);
/// Retries: a fifth of what was sent in the last ten seconds, and one each second in any case.
const WINDOW: Duration = Duration::from_secs(10);
const AT_LEAST: u32 = 1;
const SHARE: f32 = 0.2;
/// Whoever may choose targets may not fill our memory with them.
const REMEMBERED: u64 = 10_000;

/// Servers by name and port.
pub(crate) struct Hosts(Cache<(String, bool), Arc<Host>>);

impl Default for Hosts {
    fn default() -> Self {
        let cache = Cache::builder().max_capacity(REMEMBERED).time_to_idle(Duration::from_secs(600));
        Self(cache.build())
    }
}

impl Hosts {
    /// Those that somebody chose are kept apart: they can't have a configured server left alone.
    pub(crate) fn of(&self, request: &HttpRequest) -> Arc<Host> {
        let key = (name(&request.url), request.target == Target::Chosen);
        self.0.get_with(key, Arc::default)
    }
}

/// `example.com:443`
pub(crate) fn name(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or(0);
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

/// One server.
pub(crate) struct Host {
    pub(crate) budget: TpsBudget,
    circuit: Mutex<Circuit>,
}

impl Default for Host {
    fn default() -> Self {
        Self { budget: TpsBudget::new(WINDOW, AT_LEAST, SHARE), circuit: Mutex::default() }
    }
}

impl Host {
    pub(crate) fn admits(&self, now: Instant) -> bool {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner).admits(now)
    }

    pub(crate) fn record(&self, well: bool, now: Instant) {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner).record(well, now);
    }
}

/// A circuit breaker (Nygard, "Release It!"): closed, open until, and half open from then on.
#[derive(Debug, Default)]
struct Circuit {
    failures: u32,
    open_until: Option<Instant>,
}

impl Circuit {
    /// Whoever comes first after the pause finds out how the server is; the others wait for the next pause to be
    /// over. So nobody is waited for who was let in and never reported.
    fn admits(&mut self, now: Instant) -> bool {
        match self.open_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                self.open_until = Some(now + PAUSE);
                true
            }
        }
    }

    fn record(&mut self, well: bool, now: Instant) {
        if well {
            *self = Self::default();
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            self.open_until = Some(now + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_server_is_left_alone_and_tried_by_one() {
        let (mut circuit, begin) = (Circuit::default(), Instant::now());
        for _ in 1..FAILURES {
            circuit.record(false, begin);
            assert!(circuit.admits(begin));
        }
        circuit.record(false, begin);
        assert!(!circuit.admits(begin));
        assert!(!circuit.admits(begin + PAUSE.saturating_sub(Duration::from_millis(1))));
        let later = begin + PAUSE;
        assert!(circuit.admits(later));
        assert!(!circuit.admits(later), "one finds out for all");
        circuit.record(false, later);
        assert!(!circuit.admits(later + PAUSE / 2));
        assert!(circuit.admits(later + PAUSE));
        circuit.record(true, later + PAUSE);
        assert!(circuit.admits(later + PAUSE));
        assert!(circuit.admits(later + PAUSE), "closed again for everybody");
    }

    #[test]
    fn one_success_forgives_what_was_before() {
        let (mut circuit, now) = (Circuit::default(), Instant::now());
        for _ in 0..3 * FAILURES {
            circuit.record(false, now);
            circuit.record(true, now);
        }
        assert!(circuit.admits(now));
    }
}
