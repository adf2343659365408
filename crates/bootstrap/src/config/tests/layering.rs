//! Which layer wins, and that `config show` says so.

use super::{Place, shown};

const PORT: &str = "MAINSTAY_SERVER__PORT";

fn port(place: &Place) -> (String, String) {
    shown(&place.load(), PORT)
}

#[test]
fn every_layer_beats_the_ones_before_it() {
    let place = Place::new();
    assert_eq!(port(&place), ("3000".into(), "default".into()));
    let place = place.file("mainstay.toml", "[server]\nport = 3001\n");
    assert_eq!(port(&place), ("3001".into(), "mainstay.toml".into()));
    let place = place.file(".env", "MAINSTAY_SERVER__PORT=3002\n");
    assert_eq!(port(&place), ("3002".into(), ".env".into()));
    let place = place.file(".env.development", "MAINSTAY_SERVER__PORT=3003\n");
    assert_eq!(port(&place), ("3003".into(), ".env.development".into()));
    let place = place.file(".env.local", "MAINSTAY_SERVER__PORT=3004\n");
    assert_eq!(port(&place), ("3004".into(), ".env.local".into()));
    let place = place.set(PORT, "3005");
    assert_eq!(port(&place), ("3005".into(), "environment".into()));
    assert_eq!(place.config().server.port, 3005);
}

#[test]
fn the_environment_chooses_the_file_wherever_it_is_set() {
    let place = Place::new()
        .file(".env.test", "MAINSTAY_SERVER__PORT=4000\n")
        .file(".env.development", "MAINSTAY_SERVER__PORT=5000\n");
    assert_eq!(place.config().server.port, 5000);
    let place = place.file("mainstay.toml", "environment = \"test\"\n");
    assert_eq!(place.config().server.port, 4000);
    let place = place.set("MAINSTAY_ENVIRONMENT", "development");
    assert_eq!(place.config().server.port, 5000);
}

#[test]
fn a_chosen_file_cannot_choose_another_environment() {
    let problem =
        Place::new().file(".env.development", "MAINSTAY_ENVIRONMENT=production\n").problems().remove(0);
    assert!(problem.starts_with("MAINSTAY_ENVIRONMENT = production (.env.development): "), "{problem}");
}

#[test]
fn aliases_are_weaker_than_prefixed_names_in_any_layer() {
    let place = Place::new().set("DATABASE_URL", "postgres://app@db/app").set("PORT", "8080");
    let loaded = place.load();
    assert_eq!(loaded.config.server.port, 8080);
    assert_eq!(shown(&loaded, "MAINSTAY_DATABASE__URL").1, "environment, as DATABASE_URL");

    let place = place.file("mainstay.toml", "[database]\nurl = 'sqlite://toml.db'\n[server]\nport = 9090\n");
    let loaded = place.load();
    assert_eq!(loaded.config.database.url.expose(), "sqlite://toml.db");
    assert_eq!(loaded.config.server.port, 9090);
}

#[test]
fn every_alias_reaches_its_variable_and_an_empty_one_is_none() {
    let loaded = Place::new()
        .set("REDIS_URL", "redis://cache")
        .set("RABBITMQ_URL", "amqp://queue")
        .set("NATS_URL", "nats://broker")
        .set("RUST_LOG", "warn")
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel:4318")
        .set("PORT", "")
        .load();
    let config = &loaded.config;
    assert_eq!(config.cache.url.expose(), "redis://cache");
    assert_eq!(config.queue.url.expose(), "amqp://queue");
    assert_eq!(config.broker.url.expose(), "nats://broker");
    assert_eq!(config.log.level.as_str(), "warn");
    assert_eq!(config.telemetry.otlp_endpoint.as_ref().unwrap().expose(), "http://otel:4318");
    assert_eq!(config.server.port, 3000);
}

#[test]
fn an_alias_in_a_stronger_layer_beats_an_alias_in_a_weaker_one() {
    let place = Place::new().file(".env", "PORT=1111\n").file(".env.local", "PORT=2222\n");
    assert_eq!(port(&place), ("2222".into(), ".env.local, as PORT".into()));
}

#[test]
fn what_is_unset_derives_from_what_is_set() {
    let place = Place::new().set("MAINSTAY_DATA_DIR", "/srv/ms").set("MAINSTAY_SERVER__HOST", "::1");
    let loaded = place.load();
    assert_eq!(loaded.config.database.url.expose(), "sqlite:///srv/ms/mainstay.db");
    assert_eq!(loaded.config.storage.url.expose(), "file:///srv/ms/files");
    assert_eq!(loaded.config.server.public_url.as_str(), "http://[::1]:3000");
    assert_eq!(loaded.config.auth.issuer, "http://[::1]:3000");
    assert_eq!(shown(&loaded, "MAINSTAY_AUTH__ISSUER").1, "derived");
}

#[test]
fn a_port_that_was_picked_moves_only_what_derives_from_it() {
    let place = Place::new().set(PORT, "0");
    let config = place.load().bound_to(4711);
    assert_eq!(config.server.port, 4711);
    assert_eq!(config.server.public_url.as_str(), "http://127.0.0.1:4711");
    assert_eq!(config.auth.issuer, "http://127.0.0.1:4711");

    let config = place.set("MAINSTAY_SERVER__PUBLIC_URL", "https://api.acme.dev").load().bound_to(4711);
    assert_eq!(config.server.public_url.as_str(), "https://api.acme.dev");
    assert_eq!(config.auth.issuer, "https://api.acme.dev");
}

#[test]
fn defaults_differ_between_a_laptop_and_a_deployment() {
    let test = Place::new().set("MAINSTAY_ENVIRONMENT", "test").config();
    let staging = Place::new().set("MAINSTAY_ENVIRONMENT", "staging").config();
    assert_eq!((test.worker.embedded, staging.worker.embedded), (true, false));
    assert_eq!((test.log.format.as_str(), staging.log.format.as_str()), ("pretty", "json"));
    assert_eq!((test.server.drain_delay_seconds, staging.server.drain_delay_seconds), (0, 5));
}
