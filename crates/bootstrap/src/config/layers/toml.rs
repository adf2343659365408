//! `mainstay.toml`: a table per section. Its values become the texts that an
//! environment variable would hold; a list is joined with commas.

use std::collections::BTreeMap;

use figment::{
    Profile, Provider,
    providers::{Format, Toml},
    value::{Dict, Num, Value},
};

use super::{Layer, Spoken, optional_file};
use crate::config::{Problems, Source, names, problems::Problem};

const FILE: &str = "mainstay.toml";

pub(super) fn read(source: &Source, problems: &mut Problems) -> Spoken {
    let text = optional_file(&source.dir.join(FILE), FILE, problems);
    let mut values = BTreeMap::new();
    match Toml::string(&text).data() {
        Ok(mut data) => {
            for (path, value) in flatten(data.remove(&Profile::Default).unwrap_or_default()) {
                accept(path, &value, &mut values, problems);
            }
        }
        Err(error) => {
            // Only the first line, which names the place: the others quote the file, and maybe a secret.
            let place = error.to_string().lines().next().unwrap_or_default().to_owned();
            problems.0.push(problem(FILE.to_owned(), format!("expected TOML: {place}")));
        }
    }
    Spoken { aliases: Vec::new(), prefixed: Layer { name: FILE.to_owned(), values } }
}

/// Paths and values: a table at the top is a section, everything else is a value.
fn flatten(root: Dict) -> Vec<(String, Value)> {
    let entries = root.into_iter().flat_map(|(section, value)| match value {
        Value::Dict(_, keys) => {
            keys.into_iter().map(|(key, value)| (format!("{section}.{key}"), value)).collect()
        }
        value => vec![(section, value)],
    });
    entries.collect()
}

fn accept(path: String, value: &Value, values: &mut BTreeMap<String, String>, problems: &mut Problems) {
    if !names::paths().any(|known| known == path) {
        let nearest = names::nearest(&path, names::paths());
        problems.0.push(problem(path, format!("no such key; the nearest is {nearest}")));
    } else if let Some(text) = text(value) {
        values.insert(path, text);
    } else {
        problems.0.push(problem(path, "expected text, a number, true or false, or a list of these".into()));
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Bool(_, yes) => Some(yes.to_string()),
        Value::Num(_, Num::I64(number)) => Some(number.to_string()),
        Value::Num(_, Num::F64(number)) => Some(number.to_string()),
        Value::Array(_, items) => Some(items.iter().map(text).collect::<Option<Vec<_>>>()?.join(",")),
        _ => None,
    }
}

fn problem(variable: String, advice: String) -> Problem {
    Problem { variable, value: None, layer: Some(FILE.to_owned()), advice }
}
