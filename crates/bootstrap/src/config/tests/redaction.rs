//! No secret leaves through a table, a problem or a `Debug`.

use super::{MASTER_KEY, Place, shown};
use crate::config::redact;

/// Occurs in every secret below.
const NEEDLE: &str = "hunter2";

fn with_secrets() -> Place {
    Place::new()
        .set("MAINSTAY_DATABASE__URL", "postgres://app:hunter2@db/app")
        .set("MAINSTAY_DATABASE__REPLICA_URLS", "postgres://app:hunter2@r1/app,postgres://app:hunter2@r2/app")
        .set("MAINSTAY_CACHE__URL", "redis://:hunter2@cache")
        .set("MAINSTAY_BROKER__URL", "nats://hunter2@broker")
        .set("MAINSTAY_MAIL__URL", "smtp://u:hunter2@mail?api_key=hunter2&tls=on")
        .set("MAINSTAY_METRICS__TOKEN", "hunter2")
        .set("MAINSTAY_BOOTSTRAP__ADMIN_PASSWORD", "hunter2")
        .set("MAINSTAY_SECURITY__MASTER_KEY", MASTER_KEY)
}

#[test]
fn show_and_debug_hide_secrets() {
    let loaded = with_secrets().load();
    let debug = format!("{loaded:?}");
    for text in [&loaded.show(), &debug, &format!("{}", loaded.config.mail.url)] {
        assert!(!text.contains(NEEDLE) && !text.contains(MASTER_KEY), "{text}");
    }
    // The bytes of the key would be a leak as well: q0Zt is 171, 70, 109.
    assert!(!debug.contains("171, 70, 109"), "{debug}");
    assert_eq!(shown(&loaded, "MAINSTAY_DATABASE__URL").0, "postgres://app:***@db/app");
    assert_eq!(shown(&loaded, "MAINSTAY_MAIL__URL").0, "smtp://u:***@mail?api_key=***&tls=on");
    assert_eq!(shown(&loaded, "MAINSTAY_SECURITY__MASTER_KEY").0, "***");
}

#[test]
fn problems_hide_secrets() {
    let place = with_secrets()
        .set("MAINSTAY_ENVIRONMENT", "production")
        .set("MAINSTAY_SECURITY__MASTER_KEY", "hunter2")
        .set("MAINSTAY_TELEMETRY__OTLP_ENDPOINT_FILE", "https://u:hunter2@otel")
        .set("MAINSTAY_QUEUE__URL", "amqp//u:hunter2@queue")
        .set("MAINSTAY_STORAGE__URL", "s3://u:hunter2@bucket")
        .set("MAINSTAY_SERVER__PUBLIC_URL", "https://u:hunter2@api.acme.dev")
        .file("mainstay.toml", "token = 'hunter2'\n")
        .file(".env", "MAINSTAY_METRICS__TOKNE=hunter2\n");
    let problems = place.try_load().unwrap_err();
    assert!(problems.0.len() >= 8, "{problems}");
    assert!(!format!("{problems} {problems:?}").contains(NEEDLE), "{problems}");
}

#[test]
fn malformed_urls_hide_rather_too_much() {
    for (text, expected) in [
        ("postgres://u:1/hunter2@h/db", "postgres://u:***@h/db"),
        ("postgres://u:a@hunter2@h/db", "postgres://u:***@h/db"),
        ("redis://:a?hunter2@h", "redis://***"),
        ("redis://:a#hunter2@h", "redis://***"),
        ("u:hunter2@h", "***"),
        ("s3://b?Secret_Access_Key=hunter2&region=eu", "s3://b?Secret_Access_Key=***&region=eu"),
        ("sqlite://./data/mainstay.db?mode=rwc", "sqlite://./data/mainstay.db?mode=rwc"),
    ] {
        assert_eq!(redact::url(text), expected, "{text}");
    }
}

#[test]
fn a_comma_in_a_password_is_no_way_out() {
    let place = Place::new().set("MAINSTAY_DATABASE__REPLICA_URLS", "postgres://u:a,hunter2@h/db");
    assert!(!place.only_problem().contains(NEEDLE));
}
