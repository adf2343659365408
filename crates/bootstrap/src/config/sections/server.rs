//! The HTTP server.

use ipnet::IpNet;

use crate::config::{BindHost, Origin, WebUrl, section::section};

section! {
    /// Where HTTP is served, how the outside sees it, and its limits.
    pub struct ServerConfig in server {
        /// Address or host name to listen on.
        host: BindHost = Fixed("127.0.0.1");
        /// Port to listen on; 0 picks a free one, which is logged and written to `<data>/api.addr`.
        port: u16 = Fixed("3000"), alias "PORT";
        /// How browsers and mail readers reach the server; links, issuer and WebAuthn derive from it.
        public_url: WebUrl = Derived("http://{server.host}:{server.port}");
        /// Front end whose pages the links in mails open; without it, small built-in pages do.
        front_end_url: Option<WebUrl> = Unset;
        /// Origins that may call the API from a browser, with credentials; `*` is any, not in production.
        cors_origins: Vec<Origin> = Unset;
        /// Addresses or networks of proxies whose `X-Forwarded-*` headers are believed.
        trusted_proxies: Vec<IpNet> = Unset;
        /// Largest request body in bytes, where a route does not say otherwise.
        body_limit_bytes: usize = Fixed("10240"), range 1..=1_073_741_824;
        /// Seconds until a request that is not answered is given up.
        request_timeout_seconds: u64 = Fixed("30"), range 1..=3600;
        /// Seconds between falling readiness and the drain, for load balancers to notice.
        drain_delay_seconds: u64 = PerEnvironment { local: "0", deployed: "5" }, range 0..=600;
        /// Seconds that requests and jobs in flight get to end.
        shutdown_timeout_seconds: u64 = Fixed("30"), range 0..=600;
        /// Threads that serve requests; empty is one per core.
        workers: Option<usize> = Unset, range 1..=1024;
        /// How many API processes run; more than one needs shared backends.
        replicas: u32 = Fixed("1"), range 1..=10_000;
    }
}
