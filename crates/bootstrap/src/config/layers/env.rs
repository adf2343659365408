//! Layers of names and texts: the `.env` files and the process environment.

use std::collections::BTreeMap;

use super::{Layer, PROCESS, Spoken, optional_file};
use crate::config::{Problems, Source, catalogue::variables, names, problems::Problem, redact::HIDDEN};

pub(super) fn read_process(source: &Source, problems: &mut Problems) -> Spoken {
    sort(PROCESS, &source.env, problems)
}

/// dotenvy's syntax; within single quotes a `$` stays a `$`. The last of equal names wins.
pub(super) fn read_file(source: &Source, name: &str, problems: &mut Problems) -> Spoken {
    let text = optional_file(&source.dir.join(name), name, problems);
    let mut pairs = BTreeMap::new();
    let mut last = "the beginning".to_owned();
    for line in dotenvy::from_read_iter(text.as_bytes()) {
        if let Ok((variable, value)) = line {
            last.clone_from(&variable);
            pairs.insert(variable, value);
        } else {
            // The error quotes the line, which may hold a secret.
            problems.0.push(Problem {
                variable: name.to_owned(),
                value: None,
                layer: None,
                advice: format!(
                    "the line after {last} is not NAME=value; quote values that hold spaces or #"
                ),
            });
        }
    }
    sort(name, &pairs, problems)
}

/// Sorts names into prefixed ones, aliases (where empty means unset), unknown ones, and others'.
fn sort(layer: &str, pairs: &BTreeMap<String, String>, problems: &mut Problems) -> Spoken {
    let mut values = BTreeMap::new();
    for (name, value) in pairs {
        if let Some(path) = names::path_of(name) {
            values.insert(path, value.clone());
        } else if names::is_ours(name) {
            problems.0.push(unknown(layer, name));
        }
    }
    let aliases = variables().filter_map(|variable| {
        let alias = variable.alias?;
        let value = pairs.get(alias).filter(|value| !value.is_empty())?;
        let values = BTreeMap::from([(variable.path.to_owned(), value.clone())]);
        Some(Layer { name: format!("{layer}, as {alias}"), values })
    });
    Spoken { aliases: aliases.collect(), prefixed: Layer { name: layer.to_owned(), values } }
}

/// The value is hidden: it may be a secret under a misspelt name.
fn unknown(layer: &str, name: &str) -> Problem {
    let nearest = names::nearest(name, names::paths().map(|path| names::name_of(&path)));
    Problem {
        variable: name.to_owned(),
        value: Some(HIDDEN.to_owned()),
        layer: Some(layer.to_owned()),
        advice: format!("no such variable; the nearest is {nearest}"),
    }
}
