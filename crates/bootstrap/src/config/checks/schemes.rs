//! The scheme of a URL picks the driver; which drivers are built, the
//! composition root knows.

use super::{Config, Draft, driver_urls};

/// The schemes whose drivers are registered, per kind of URL.
#[derive(Clone, Debug, Default)]
pub struct Schemes {
    pub database: Vec<&'static str>,
    pub cache: Vec<&'static str>,
    pub locks: Vec<&'static str>,
    pub queue: Vec<&'static str>,
    pub broker: Vec<&'static str>,
    pub storage: Vec<&'static str>,
    pub mail: Vec<&'static str>,
    pub oauth: Vec<&'static str>,
}

impl Schemes {
    fn of(&self, path: &str) -> &[&'static str] {
        match path.split_once('.') {
            Some(("database", _)) => &self.database,
            Some(("cache", _)) => &self.cache,
            Some(("locks", _)) => &self.locks,
            Some(("queue", _)) => &self.queue,
            Some(("broker", _)) => &self.broker,
            Some(("storage", _)) => &self.storage,
            Some(("mail", _)) => &self.mail,
            Some(("oauth", _)) => &self.oauth,
            _ => &[],
        }
    }
}

pub(super) fn check(config: &Config, schemes: &Schemes, draft: &mut Draft) {
    for (path, url) in driver_urls(config) {
        let known = schemes.of(path);
        if !known.contains(&url.scheme()) {
            draft.refuse(path, &unknown(url.scheme(), known));
        }
    }
    // OTLP over HTTP is no driver: it is all the exporter speaks.
    if let Some(endpoint) = &config.telemetry.otlp_endpoint
        && !["http", "https"].contains(&endpoint.scheme())
    {
        draft.refuse("telemetry.otlp_endpoint", &unknown(endpoint.scheme(), &["http", "https"]));
    }
}

fn unknown(scheme: &str, known: &[&str]) -> String {
    let known: Vec<_> = known.iter().map(|scheme| format!("{scheme}://")).collect();
    format!("unknown scheme `{scheme}`; known are {}", known.join(", "))
}
