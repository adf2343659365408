//! The knobs of the HTTP side.

use std::time::Duration;

use ipnet::IpNet;

/// What the HTTP side can be told.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a knob of its own")]
pub struct Settings {
    /// Address to listen on.
    pub host: String,
    /// Port to listen on; 0 picks a free one.
    pub port: u16,
    /// Threads; `None` for one per core.
    pub workers: Option<usize>,
    /// Largest JSON body, decoded, in bytes.
    pub body_limit: usize,
    /// Longest a request may take.
    pub request_timeout: Duration,
    /// In-flight requests may go on for so long after the order to stop.
    pub shutdown_timeout: Duration,
    /// Origins of browsers that may call.
    pub cors_origins: Vec<String>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Swagger UI and OpenAPI are shown (everywhere but in production).
    pub docs: bool,
    /// Whether there are tenants to be seen.
    pub tenants: bool,
    /// Whom to tell about a weakness, as a URI (RFC 9116).
    pub security_contact: String,
    /// Somebody wants to know what each request is about ([`ports::Errands`]).
    pub errands: bool,
    /// Browsers reach the server through TLS.
    pub secure_cookies: bool,
    /// Strict-Transport-Security is sent.
    pub hsts: bool,
}
