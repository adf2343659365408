//! Values that are right alone and wrong together.

use super::{Config, Draft};

pub(super) fn check(config: &Config, draft: &mut Draft) {
    owner(config, draft);
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

/// The owner and the service look at one database.
fn owner(config: &Config, draft: &mut Draft) {
    let Some(owner) = &config.database.owner_url else { return };
    let scheme = config.database.url.scheme();
    if owner.scheme() != scheme {
        draft.refuse("database.owner_url", &format!("expected a {scheme}:// URL, as database.url is"));
    }
}
