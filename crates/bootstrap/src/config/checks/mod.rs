//! What no single value shows: known schemes, values that contradict each
//! other, and what production refuses.

mod consistency;
mod production;
mod schemes;
mod weakness;

pub use schemes::Schemes;

use super::{Config, SecretUrl, draft::Draft};

pub(super) fn run(config: &Config, schemes: &Schemes, draft: &mut Draft) {
    schemes::check(config, schemes, draft);
    consistency::check(config, draft);
    if config.environment.is_production() {
        production::check(config, draft);
    }
}

/// Every URL that picks a driver, with its path; the replicas share one.
fn driver_urls(config: &Config) -> Vec<(&'static str, &SecretUrl)> {
    let mut urls = vec![
        ("database.url", &config.database.url),
        ("cache.url", &config.cache.url),
        ("locks.url", &config.locks.url),
        ("queue.url", &config.queue.url),
        ("broker.url", &config.broker.url),
        ("storage.url", &config.storage.url),
        ("mail.url", &config.mail.url),
    ];
    urls.extend(config.oauth.providers.iter().map(|provider| ("oauth.providers", &provider.url)));
    urls.extend(config.database.owner_url.iter().map(|url| ("database.owner_url", url)));
    urls.extend(config.database.replica_urls.iter().map(|url| ("database.replica_urls", url)));
    urls
}
