//! `.env.example` is the catalogue.

use std::{fs, path::Path};

use super::Place;
use crate::config::{catalogue::variables, env_example};

#[test]
fn the_file_equals_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.env.example");
    let file = fs::read_to_string(&path).unwrap_or_default();
    let hint = "out of date; run: mainstay config example > .env.example";
    for (line, expected) in file.lines().zip(env_example().lines()) {
        assert_eq!(line, expected, "{hint}");
    }
    assert_eq!(file.lines().count(), env_example().lines().count(), "{hint}");
}

#[test]
fn every_variable_is_in_it_once_and_explained() {
    let example = env_example();
    for variable in variables() {
        let name = format!("\n# {}=", variable.name());
        assert_eq!(example.matches(&name).count(), 1, "{}", variable.name());
        assert!(
            variable.explanation.ends_with('.') && !variable.explanation.contains('\n'),
            "{}",
            variable.name()
        );
    }
}

/// Uncommented, it is the development configuration: every default is itself a valid value.
#[test]
fn its_defaults_are_the_defaults() {
    let assignments: String = env_example()
        .lines()
        .filter_map(|line| line.strip_prefix("# MAINSTAY_"))
        .fold(String::new(), |text, line| text + "MAINSTAY_" + line + "\n");
    let written = Place::new().file(".env", &assignments).load();
    let unwritten = Place::new().load();
    assert_eq!(format!("{:?}", written.config), format!("{:?}", unwritten.config));
}
