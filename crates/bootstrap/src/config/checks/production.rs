//! What production refuses: each line says what to do instead.

use secrecy::ExposeSecret;

use super::{Config, Draft, driver_urls, weakness};

/// Users that own a fresh server of a database, and everybody's data in it.
const SUPERUSERS: [&str; 2] = ["postgres", "root"];

pub(super) fn check(config: &Config, draft: &mut Draft) {
    master_key(config, draft);
    secrets(config, draft);
    passwords_in_urls(config, draft);
    superusers(config, draft);
    exposure(config, draft);
    replicas(config, draft);
}

fn master_key(config: &Config, draft: &mut Draft) {
    const PATH: &str = "security.master_key";
    let Some(keys) = &config.security.master_key else {
        let advice =
            "production does not generate its secrets; set it to the output of `openssl rand -base64 32`";
        return draft.refuse(PATH, advice);
    };
    if let Some(weakness) = keys.iter().find_map(|key| weakness::of_key(key)) {
        draft.refuse(PATH, &format!("{weakness}; use the output of `openssl rand -base64 32`"));
    }
}

/// Both are optional: no token means no remote metrics, no password a random one, printed once.
fn secrets(config: &Config, draft: &mut Draft) {
    let secrets = [
        ("bootstrap.admin_password", &config.bootstrap_admin.admin_password, 12),
        ("metrics.token", &config.metrics.token, 16),
    ];
    for (path, secret, least) in secrets {
        let weakness = secret.as_ref().and_then(|secret| weakness::of_secret(secret.expose_secret(), least));
        if let Some(weakness) = weakness {
            draft.refuse(path, &format!("{weakness}; use a random one of at least {least} characters"));
        }
    }
}

fn passwords_in_urls(config: &Config, draft: &mut Draft) {
    for (path, url) in driver_urls(config) {
        let Some(password) = url.password() else { continue };
        if weakness::is_placeholder(&password) || url.user().is_some_and(|user| user == password) {
            draft.refuse(path, "its password is a placeholder; use a random one");
        }
    }
}

fn superusers(config: &Config, draft: &mut Draft) {
    // Whoever migrates may be powerful; whoever serves may not.
    let serves = |path: &str| path.starts_with("database.") && path != "database.owner_url";
    for (path, url) in driver_urls(config).into_iter().filter(|(path, _)| serves(path)) {
        if let Some(user) = url.user().filter(|user| SUPERUSERS.contains(&user.as_str())) {
            let advice = format!(
                "connects as the superuser `{user}`; use a role that owns nothing (`mainstay roles sql`)"
            );
            draft.refuse(path, &advice);
        }
    }
}

fn exposure(config: &Config, draft: &mut Draft) {
    if config.mail.url.scheme() == "capture" {
        draft.refuse("mail.url", "keeps mails instead of sending them; expected smtp:// or smtps://");
    }
    if config.server.cors_origins.iter().any(super::super::Origin::is_any) {
        draft.refuse(
            "server.cors_origins",
            "`*` with credentials opens the API to every site; list the origins",
        );
    }
    if !config.server.public_url.is_https() {
        draft.refuse("server.public_url", "expected an https:// URL, the one that browsers see");
    }
    if config.oauth.providers.iter().any(|provider| provider.url.scheme().ends_with("+http")) {
        draft.refuse("oauth.providers", "expected providers behind TLS: who listens could log in as anybody");
    }
    if config.oauth.redirect_uris.iter().any(|uri| !uri.is_private()) {
        draft.refuse("oauth.redirect_uris", "expected https:// URLs, or http:// ones of the same device");
    }
    if config.server.front_end_url.as_ref().is_some_and(|url| !url.is_https()) {
        draft.refuse("server.front_end_url", "expected an https:// URL: links to it carry tokens");
    }
}

/// What lives in one process or on one disk is not shared by several.
fn replicas(config: &Config, draft: &mut Draft) {
    let replicas = config.server.replicas;
    if replicas < 2 {
        return;
    }
    let apart = [
        (
            "database.url",
            &config.database.url,
            "sqlite",
            "a file that replicas cannot share; use a database server",
        ),
        ("cache.url", &config.cache.url, "memory", "a cache per replica; use a shared one"),
        ("broker.url", &config.broker.url, "memory", "a broker per replica; use a shared one"),
    ];
    for (path, url, scheme, why) in apart {
        if url.scheme() == scheme {
            let advice = format!("MAINSTAY_SERVER__REPLICAS is {replicas}, and this is {why}, or declare 1");
            draft.refuse(path, &advice);
        }
    }
}
