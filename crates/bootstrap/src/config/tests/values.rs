//! Which texts are values, and of what.

use super::Place;
use crate::config::QueueName;

fn refused(name: &str, value: &str) {
    let problem = Place::new().set(name, value).only_problem();
    assert!(problem.starts_with(name), "{name}={value}: {problem}");
}

#[test]
fn toml_scalars_and_lists_need_no_quotes() {
    let toml = "
        [worker]
        embedded = false
        queues = ['mail', 'reports']
        [server]
        body_limit_bytes = 2048
        cors_origins = ['https://a.dev', 'https://b.dev']
    ";
    let config = Place::new().file("mainstay.toml", toml).config();
    assert!(!config.worker.embedded);
    assert_eq!(config.worker.queues.iter().map(QueueName::as_str).collect::<Vec<_>>(), ["mail", "reports"]);
    assert_eq!(config.server.body_limit_bytes, 2048);
    assert_eq!(config.server.cors_origins.len(), 2);
}

#[test]
fn a_toml_table_is_no_value() {
    let problem = Place::new().file("mainstay.toml", "[server.port]\nhttp = 1\n").only_problem();
    assert!(problem.starts_with("server.port (mainstay.toml): expected text"), "{problem}");
}

#[test]
fn origins_have_no_path_and_compare_like_a_browser_sends_them() {
    let place =
        Place::new().set("MAINSTAY_SERVER__CORS_ORIGINS", "HTTPS://App.dev:443, http://localhost:5173");
    let origins: Vec<_> = place.config().server.cors_origins.iter().map(|o| o.as_str().to_owned()).collect();
    assert_eq!(origins, ["https://app.dev", "http://localhost:5173"]);
    for wrong in ["https://app.dev/", "https://app.dev/x", "app.dev", "ftp://app.dev", "https://u:p@app.dev"]
    {
        refused("MAINSTAY_SERVER__CORS_ORIGINS", wrong);
    }
}

#[test]
fn trusted_proxies_are_networks_or_addresses() {
    let place = Place::new().set("MAINSTAY_SERVER__TRUSTED_PROXIES", "10.0.0.0/8,192.0.2.1,::1");
    let networks: Vec<_> = place.config().server.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.0.0.0/8", "192.0.2.1/32", "::1/128"]);
    refused("MAINSTAY_SERVER__TRUSTED_PROXIES", "10.0.0.0/33");
}

#[test]
fn master_keys_are_32_bytes_in_any_base64() {
    let first = "+/+/".repeat(10) + "+/8=";
    let second = "-_-_".repeat(10) + "-_8";
    let config = Place::new().set("MAINSTAY_SECURITY__MASTER_KEY", &format!("{first},{second}")).config();
    let keys: Vec<_> = config.security.master_key.as_ref().unwrap().iter().collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
    for wrong in ["c2hvcnQ=", "not base64!", &(first.clone() + ",")] {
        refused("MAINSTAY_SECURITY__MASTER_KEY", wrong);
    }
}

#[test]
fn empty_is_none_for_what_is_optional_and_wrong_for_the_rest() {
    let config = Place::new().set("MAINSTAY_NODE__ID", "").set("MAINSTAY_SERVER__CORS_ORIGINS", "").config();
    assert_eq!((config.node.id, config.server.cors_origins.len()), (None, 0));
    refused("MAINSTAY_SERVER__PORT", "");
}

#[test]
fn texts_with_a_form_are_held_to_it() {
    for (name, wrong) in [
        ("MAINSTAY_ENVIRONMENT", "prod"),
        ("MAINSTAY_SERVER__HOST", "localhost:3000"),
        ("MAINSTAY_SERVER__PUBLIC_URL", "api.acme.dev"),
        ("MAINSTAY_SERVER__FRONT_END_URL", "https://acme.dev?x=1"),
        ("MAINSTAY_SERVER__PORT", "65536"),
        ("MAINSTAY_MAIL__FROM", "Mainstay <nobody>"),
        ("MAINSTAY_TENANCY__MODE", "double"),
        ("MAINSTAY_WORKER__EMBEDDED", "yes"),
        ("MAINSTAY_WORKER__QUEUES", "Mail"),
        ("MAINSTAY_LOG__LEVEL", "mainstay=loud"),
        ("MAINSTAY_EVENTS__TYPE_PREFIX", "dev..mainstay"),
        ("MAINSTAY_AUTH__PASSWORD_MIN_LENGTH", "7"),
        ("MAINSTAY_AUTH__HASH_PARALLELISM", "0"),
        ("MAINSTAY_BOOTSTRAP__ADMIN_EMAIL", "admin"),
    ] {
        refused(name, wrong);
    }
    let config = Place::new().set("MAINSTAY_MAIL__FROM", "ops@acme.dev").config();
    assert_eq!(config.mail.from.as_str(), "ops@acme.dev");
}

#[test]
fn passkeys_are_bound_to_the_public_url_unless_told_otherwise() {
    let passkeys = |variables: &[(&str, &str)]| {
        let place = variables.iter().fold(Place::new(), |place, (name, value)| place.set(name, value));
        place.config().passkeys()
    };
    let url = "MAINSTAY_SERVER__PUBLIC_URL";
    let (id, origins) = passkeys(&[(url, "https://id.acme.dev:8443/auth")]);
    assert_eq!((id.as_str(), origins), ("id.acme.dev", vec!["https://id.acme.dev:8443".to_owned()]));
    // No browser binds a passkey to an address.
    let (id, origins) = passkeys(&[(url, "http://127.0.0.1:3000")]);
    assert_eq!((id.as_str(), origins), ("localhost", vec!["http://localhost:3000".to_owned()]));
    let wider = [
        (url, "https://id.acme.dev"),
        ("MAINSTAY_AUTH__PASSKEY_RP_ID", "acme.dev"),
        ("MAINSTAY_AUTH__PASSKEY_ORIGINS", "https://acme.dev,https://App.acme.dev"),
    ];
    let (id, origins) = passkeys(&wider);
    assert_eq!((id.as_str(), origins.len()), ("acme.dev", 2));
    for wrong in ["https://evil.example", "https://notacme.dev", "*"] {
        let place = Place::new().set("MAINSTAY_AUTH__PASSKEY_RP_ID", "acme.dev");
        let problem = place.set("MAINSTAY_AUTH__PASSKEY_ORIGINS", wrong).only_problem();
        assert!(problem.starts_with("MAINSTAY_AUTH__PASSKEY_ORIGINS"), "{problem}");
    }
    for wrong in ["https://acme.dev", "acme.dev:443", "127.0.0.1", "Acme.dev"] {
        refused("MAINSTAY_AUTH__PASSKEY_RP_ID", wrong);
    }
}
