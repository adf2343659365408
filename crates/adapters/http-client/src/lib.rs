//! Outgoing HTTP: the one way in which anything here speaks to other services.
//!
//! Around each call stand a time limit, retries within a budget, a circuit breaker per server, a limit on the answer
//! and a line in the log without anything that could be a secret. Where somebody who uses the installation chose the
//! target, addresses are judged at the moment of connecting (`guard`), so that no name, number form, redirect or
//! change of mind of a DNS server leads inside.
//!
//! **Invariant:** it does not know what is said, nor to whom.

mod attempt;
mod guard;
mod hosts;
mod retry;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use ipnet::IpNet;
use ports::{Clock, Error, HttpClient, HttpRequest, HttpResponse, Kind, Random, Result, Target};
use tokio::sync::OnceCell;
use tower::retry::budget::Budget as _;

use crate::attempt::{Failed, attempt};
use crate::guard::{Guard, Guarded, SystemNames};
use crate::hosts::Hosts;

const OPERATION: &str = "http.send";
/// For a connection, TLS included. Who takes longer is not well.
const CONNECT: Duration = Duration::from_secs(3);
/// Idle connections are kept for so long: shorter than most servers do, so that few are used when just closed.
const IDLE: Duration = Duration::from_secs(30);

/// Resolves host names; where tests put a resolver of their own.
#[async_trait]
pub trait Names: Send + Sync {
    /// All addresses of a name.
    ///
    /// # Errors
    /// When it has none, or nobody knows.
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// What the client needs to be told.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Networks that targets may be in although they are not public.
    pub allowed_networks: Vec<IpNet>,
}

/// [`HttpClient`] over reqwest.
pub struct ReqwestHttpClient {
    guard: Guard,
    names: Arc<dyn Names>,
    /// Made with the first request: reading the machine's root certificates costs an installation that calls nobody
    /// memory and time.
    free: OnceCell<reqwest::Client>,
    guarded: OnceCell<reqwest::Client>,
    hosts: Hosts,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl ReqwestHttpClient {
    /// A client that asks the system for names.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self::with_names(settings, Arc::new(SystemNames), clock, random)
    }

    /// A client that asks somebody else for names.
    pub fn with_names(
        settings: Settings,
        names: Arc<dyn Names>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            guard: Guard::new(settings.allowed_networks),
            names,
            free: OnceCell::new(),
            guarded: OnceCell::new(),
            hosts: Hosts::default(),
            clock,
            random,
        }
    }

    async fn client(&self, target: Target) -> Result<&reqwest::Client> {
        let made = match target {
            Target::Configured => self.free.get_or_try_init(async || builder().build()).await,
            Target::Chosen => {
                let names = Guarded { guard: self.guard.clone(), names: Arc::clone(&self.names) };
                self.guarded.get_or_try_init(async || builder().dns_resolver(names).build()).await
            }
        };
        made.map_err(|error| Error::with(Kind::Internal, "http.client", error))
    }

    /// Tries until there is an answer to give, or no use in trying.
    async fn try_all(&self, request: &HttpRequest, until: Instant, tries: &mut u32) -> Result<HttpResponse> {
        // Addresses in the URL are never looked up, so the resolver would not see them.
        if request.target == Target::Chosen && !self.guard.admits_literal(&request.url) {
            return Err(Error::with(Kind::Unsupported, OPERATION, guard::Forbidden));
        }
        let client = self.client(request.target).await?;
        let host = self.hosts.of(request);
        host.budget.deposit();
        loop {
            if !host.admits(Instant::now()) {
                return Err(Error::with(Kind::Unavailable, OPERATION, "the service is being left alone"));
            }
            *tries += 1;
            let outcome = attempt(client, request).await;
            host.record(is_well(&outcome), Instant::now());
            match self.pause_after(request, &outcome, *tries)? {
                // An answer now is better than none once the time is over.
                Some(pause)
                    if pause < until.saturating_duration_since(Instant::now()) && host.budget.withdraw() =>
                {
                    tokio::time::sleep(pause).await;
                }
                _ => return outcome.map_err(Failed::into_error),
            }
        }
    }

    /// How long to wait before the next try; `None` when the outcome stands.
    fn pause_after(
        &self,
        request: &HttpRequest,
        outcome: &std::result::Result<HttpResponse, Failed>,
        tries: u32,
    ) -> Result<Option<Duration>> {
        let Some(retry) = retry::worth(request, outcome, self.clock.now()) else { return Ok(None) };
        if tries >= retry::TRIES {
            return Ok(None);
        }
        let mut chance = [0; 2];
        self.random.fill(&mut chance)?;
        Ok(Some(retry.pause(tries, u16::from_le_bytes(chance))))
    }
}

fn is_well(outcome: &std::result::Result<HttpResponse, Failed>) -> bool {
    match outcome {
        Ok(answer) => !matches!(answer.status, 502..=504),
        // What the answer looks like, or that we must not ask, says nothing about the server's health.
        Err(failed) => !failed.is_transport(),
    }
}

/// Nothing is followed, retried, proxied or decoded beyond what stands here. Of the codings only gzip is asked for: its
/// window is 32 KiB, while one answer of the others may claim 128 MiB to be decoded with.
fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("Mainstay/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .gzip(true)
        .brotli(false)
        .zstd(false)
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(4)
}

#[async_trait]
impl HttpClient for ReqwestHttpClient {
    async fn send(&self, request: &HttpRequest) -> Result<HttpResponse> {
        let (begun, mut tries) = (Instant::now(), 0);
        let all = self.try_all(request, begun + request.within, &mut tries);
        let outcome = match tokio::time::timeout(request.within, all).await {
            Ok(outcome) => outcome,
            Err(elapsed) => {
                self.hosts.of(request).record(false, Instant::now());
                Err(Error::with(Kind::Unavailable, OPERATION, elapsed))
            }
        };
        tell(request, &outcome, tries, begun);
        outcome
    }
}

/// One line per call; what there is to count and to measure stands in it. A path that somebody else chose may be a
/// secret itself (the address of a web hook often is).
fn tell(request: &HttpRequest, outcome: &Result<HttpResponse>, tries: u32, begun: Instant) {
    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (method, server) = (request.method.as_str(), hosts::name(&request.url));
    let path = (request.target == Target::Configured).then(|| request.url.path());
    match outcome {
        Ok(answer) => {
            let status = answer.status;
            tracing::info!(method, server, path, status, tries, durationMs = millis, "outgoing call");
        }
        Err(error) => {
            let error = ports::Chain(error);
            tracing::warn!(method, server, path, %error, tries, durationMs = millis, "outgoing call failed");
        }
    }
}

/// Port 0 stands for that of the URL.
fn without_port(address: IpAddr) -> SocketAddr {
    SocketAddr::new(address, 0)
}
