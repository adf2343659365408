//! Values that are right alone and wrong together.

use url::Url;

use super::{Config, Draft, SecretUrl};

pub(super) fn check(config: &Config, draft: &mut Draft) {
    owner(config, draft);
    providers(config, draft);
    replicas(config, draft);
    passkeys(config, draft);
    let auth = &config.auth;
    if auth.refresh_absolute_days < auth.refresh_idle_days {
        let idle = auth.refresh_idle_days;
        let advice = format!("a session cannot end before it is idle for too long; expected at least {idle}");
        draft.refuse("auth.refresh_absolute_days", &advice);
    }
    // Argon2 (RFC 9106, section 3.1) needs eight blocks of one KiB per lane.
    let least = 8 * auth.hash_parallelism;
    if auth.hash_memory_kib < least {
        draft.refuse("auth.hash_memory_kib", &format!("expected at least {least}, 8 per hash_parallelism"));
    }
}

/// Browsers let no page use a passkey of a domain that it is not in.
fn passkeys(config: &Config, draft: &mut Draft) {
    let (id, origins) = config.passkeys();
    let within = |origin: &String| {
        let host =
            Url::parse(origin).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        host == id || host.ends_with(&format!(".{id}"))
    };
    if let Some(stranger) = origins.iter().find(|origin| !within(origin)) {
        let set = if config.auth.passkey_origins.is_empty() { "passkey_rp_id" } else { "passkey_origins" };
        let advice = format!("expected a domain and origins within it; {stranger} is not in {id}");
        draft.refuse(&format!("auth.{set}"), &advice);
    }
}

/// A replica repeats what its primary does, so it speaks the same language.
fn replicas(config: &Config, draft: &mut Draft) {
    let Some(primary) = engine(&config.database.url) else { return };
    let engines: Vec<_> = config.database.replica_urls.iter().filter_map(engine).collect();
    if primary == "sqlite" && !engines.is_empty() {
        draft.refuse("database.replica_urls", "an SQLite file has no replicas; leave it empty");
    } else if engines.iter().any(|engine| *engine != primary) {
        let advice = format!("expected {primary}:// URLs, as database.url is");
        draft.refuse("database.replica_urls", &advice);
    }
}

/// `None` for a scheme that is unknown, which is a problem of its own.
fn engine(url: &SecretUrl) -> Option<&'static str> {
    match url.scheme() {
        "sqlite" => Some("sqlite"),
        "postgres" | "postgresql" => Some("postgres"),
        "mysql" | "mariadb" => Some("mysql"),
        _ => None,
    }
}

/// A name is one provider, and a login has to end somewhere.
fn providers(config: &Config, draft: &mut Draft) {
    let mut names: Vec<_> = config.oauth.providers.iter().map(|provider| provider.name.as_str()).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    if names.len() < count {
        draft.refuse("oauth.providers", "two have the same name; name each differently");
    }
    if !names.is_empty() && config.oauth.redirect_uris.is_empty() {
        let advice = "expected where logins with other providers may end: at least one address";
        draft.refuse("oauth.redirect_uris", advice);
    }
}

/// The owner and the service look at one database.
fn owner(config: &Config, draft: &mut Draft) {
    let Some(owner) = &config.database.owner_url else { return };
    let scheme = config.database.url.scheme();
    if owner.scheme() != scheme {
        draft.refuse("database.owner_url", &format!("expected a {scheme}:// URL, as database.url is"));
    }
}
