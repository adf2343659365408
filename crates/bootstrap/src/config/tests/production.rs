//! What production refuses, one case a time, against a configuration that it accepts.

use super::Place;

/// Changing one thing is refused, with one line.
fn refused(name: &str, value: &str, advice: &str) {
    let problem = Place::production().set(name, value).only_problem();
    assert!(problem.starts_with(name) && problem.contains(advice), "{name}={value}: {problem}");
}

#[test]
fn a_sound_configuration_is_accepted() {
    let config = Place::production()
        .set("MAINSTAY_METRICS__TOKEN", "hT5rW1xqZk3vTq9w")
        .set("MAINSTAY_BOOTSTRAP__ADMIN_PASSWORD", "vast Lemur 91 orbit")
        .set("MAINSTAY_SERVER__CORS_ORIGINS", "https://app.acme.dev")
        .config();
    assert!(config.environment.is_production());
}

#[test]
fn development_accepts_what_production_refuses() {
    let place = Place::new()
        .set("MAINSTAY_SERVER__CORS_ORIGINS", "*")
        .set("MAINSTAY_SERVER__REPLICAS", "2")
        .set("MAINSTAY_METRICS__TOKEN", "secret");
    assert!(place.config().security.master_key.is_none());
}

#[test]
fn all_defaults_at_once() {
    let problems = Place::new().set("MAINSTAY_ENVIRONMENT", "production").problems();
    let variables: Vec<_> = problems.iter().map(|line| line.split(' ').next().unwrap()).collect();
    let expected = ["MAINSTAY_SECURITY__MASTER_KEY", "MAINSTAY_MAIL__URL", "MAINSTAY_SERVER__PUBLIC_URL"];
    assert_eq!(variables, expected, "{problems:#?}");
}

#[test]
fn generated_or_weak_master_keys() {
    let name = "MAINSTAY_SECURITY__MASTER_KEY";
    refused(name, "", "does not generate its secrets");
    refused(name, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "not random");
    refused(name, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "not random");
    // "changeme-please-0123456789abcdef"
    refused(name, "Y2hhbmdlbWUtcGxlYXNlLTAxMjM0NTY3ODlhYmNkZWY=", "placeholder");
    let rotated = format!("{},AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", super::MASTER_KEY);
    refused(name, &rotated, "not random");
}

#[test]
fn weak_admin_passwords_and_metrics_tokens() {
    let password = "MAINSTAY_BOOTSTRAP__ADMIN_PASSWORD";
    refused(password, "vLemur91orb", "too short");
    refused(password, "ChangeMe-2024!", "placeholder");
    refused(password, "correct password", "placeholder");
    refused(password, "aaaaaaaaaaaaaaaa", "too regular");
    let token = "MAINSTAY_METRICS__TOKEN";
    refused(token, "hT5rW1xqZk3vTq9", "too short");
    refused(token, "metrics-secret-token", "placeholder");
    refused(token, "abcdefghijklmnopq", "too regular");
}

#[test]
fn placeholder_passwords_in_urls() {
    let advice = "its password is a placeholder";
    refused("MAINSTAY_DATABASE__URL", "postgres://app:changeme@db/app", advice);
    refused("MAINSTAY_DATABASE__URL", "postgres://app:app@db/app", advice);
    refused("MAINSTAY_DATABASE__REPLICA_URLS", "postgres://app:example@db/app", advice);
    refused("MAINSTAY_QUEUE__URL", "amqp://guest:guest@queue", advice);
    refused("MAINSTAY_MAIL__URL", "smtp://post:password@mail", advice);
}

#[test]
fn database_superusers() {
    refused("MAINSTAY_DATABASE__URL", "postgres://postgres:Zk3vTq9w@db/app", "superuser `postgres`");
    refused("MAINSTAY_DATABASE__REPLICA_URLS", "postgres://root:Zk3vTq9w@db/app", "superuser `root`");
}

#[test]
fn mails_that_are_not_sent() {
    refused("MAINSTAY_MAIL__URL", "capture://", "expected smtp://");
}

#[test]
fn origins_and_urls_that_expose_sessions() {
    refused("MAINSTAY_SERVER__CORS_ORIGINS", "https://a.dev,*", "list the origins");
    refused("MAINSTAY_SERVER__PUBLIC_URL", "http://api.acme.dev", "expected an https:// URL");
    refused("MAINSTAY_SERVER__FRONT_END_URL", "http://acme.dev", "expected an https:// URL");
}

#[test]
fn several_replicas_on_what_belongs_to_one() {
    let place = Place::production()
        .set("MAINSTAY_SERVER__REPLICAS", "2")
        .set("MAINSTAY_DATABASE__URL", "sqlite://./data/mainstay.db");
    let problems = place.problems();
    let variables: Vec<_> = problems.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(variables, ["MAINSTAY_DATABASE__URL", "MAINSTAY_CACHE__URL", "MAINSTAY_BROKER__URL"]);

    let shared = Place::production()
        .set("MAINSTAY_SERVER__REPLICAS", "2")
        .set("MAINSTAY_CACHE__URL", "redis://:Zk3vTq9w@cache")
        .set("MAINSTAY_BROKER__URL", "nats://Zk3vTq9w@broker");
    assert_eq!(shared.config().server.replicas, 2);
}
