//! Secrets from files, as container platforms mount them.

use secrecy::ExposeSecret;

use super::{Place, shown};

const TOKEN: &str = "MAINSTAY_METRICS__TOKEN";
const TOKEN_FILE: &str = "MAINSTAY_METRICS__TOKEN_FILE";

#[test]
fn a_secret_is_read_from_its_file_without_the_last_line_break() {
    let loaded = Place::new().file("token", " s3cr3t \r\n").set(TOKEN_FILE, "token").load();
    assert_eq!(loaded.config.metrics.token.as_ref().unwrap().expose_secret(), " s3cr3t ");
    assert_eq!(shown(&loaded, TOKEN), ("***".into(), "environment, file token".into()));
}

#[test]
fn urls_that_hold_secrets_have_files_too_and_toml_can_name_them() {
    let place = Place::new()
        .file("url", "postgres://app:Zk3vTq9w@db/app\n")
        .file("mainstay.toml", "[database]\nurl_file = 'url'\n");
    assert_eq!(place.config().database.url.expose(), "postgres://app:Zk3vTq9w@db/app");
}

#[test]
fn a_file_beats_defaults_and_aliases() {
    let place = Place::new().file("url", "redis://file").set("MAINSTAY_CACHE__URL_FILE", "url");
    let place = place.set("REDIS_URL", "redis://alias");
    assert_eq!(place.config().cache.url.expose(), "redis://file");
}

#[test]
fn value_and_file_together_are_a_problem() {
    let place =
        Place::new().file("token", "x").file(".env", "MAINSTAY_METRICS__TOKEN=y\n").set(TOKEN_FILE, "token");
    let expected = format!("{TOKEN_FILE} = token (environment): {TOKEN} is set too (.env); keep one of them");
    assert_eq!(place.only_problem(), expected);
}

#[test]
fn a_file_that_is_missing_or_empty_is_a_problem() {
    let missing = Place::new().set(TOKEN_FILE, "/nowhere/token").only_problem();
    assert!(
        missing.starts_with(&format!("{TOKEN_FILE} = /nowhere/token (environment): the file cannot be read"))
    );
    let empty = Place::new().file("token", "\n").set(TOKEN_FILE, "token").only_problem();
    assert!(empty.contains("the file is empty"), "{empty}");
}

#[test]
fn public_values_have_no_file() {
    let problem = Place::new().set("MAINSTAY_SERVER__PORT_FILE", "port").only_problem();
    assert!(problem.contains("no such variable"), "{problem}");
}
