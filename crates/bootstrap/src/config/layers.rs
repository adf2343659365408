//! The layers: text by path, from weak to strong, each under the name that
//! `config show` gives. Values are not understood here, only found.

mod env;
mod toml;

use std::{collections::BTreeMap, fs, io::ErrorKind::NotFound, path::Path};

use figment::{
    Error, Metadata, Profile, Provider,
    value::{Dict, Map, Value},
};

use super::{Environment, Problems, Source, catalogue::variables, problems::Problem, settings::Setting};

pub(super) const DEFAULT: &str = "default";
pub(super) const DERIVED: &str = "derived";
pub(super) const PROCESS: &str = "environment";

/// One provider of texts for figment.
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) values: BTreeMap<String, String>,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut root = Dict::new();
        let mut sections: BTreeMap<&str, Dict> = BTreeMap::new();
        for (path, text) in &self.values {
            match path.split_once('.') {
                Some((section, key)) => {
                    sections.entry(section).or_default().insert(key.into(), text.clone().into())
                }
                None => root.insert(path.clone(), text.clone().into()),
            };
        }
        root.extend(sections.into_iter().map(|(section, keys)| (section.to_owned(), Value::from(keys))));
        Ok(Profile::Default.collect(root))
    }
}

/// What one file or the process environment says: by prefixed names, and by conventional ones.
struct Spoken {
    prefixed: Layer,
    aliases: Vec<Layer>,
}

/// All layers above the built-in defaults, and the environment they agree on.
pub(super) struct Layers {
    pub(super) environment: Environment,
    /// Weakest first. An alias is weaker than a prefixed name, wherever either stands.
    pub(super) aliases: Vec<Layer>,
    /// Weakest first.
    pub(super) prefixed: Vec<Layer>,
}

pub(super) fn read(source: &Source, problems: &mut Problems) -> Layers {
    let mut spoken = vec![
        toml::read(source, problems),
        env::read_file(source, ".env", problems),
        env::read_file(source, ".env.local", problems),
        env::read_process(source, problems),
    ];
    // The environment chooses a file, and therefore must be known before that file is read.
    let environment = environment(&spoken);
    let chosen = env::read_file(source, &format!(".env.{}", environment.as_str()), problems);
    refuse_another_environment(environment, &chosen, problems);
    spoken.insert(2, chosen);

    let (aliases, prefixed): (Vec<_>, Vec<_>) = spoken.into_iter().map(|s| (s.aliases, s.prefixed)).unzip();
    Layers { environment, aliases: aliases.into_iter().flatten().collect(), prefixed }
}

/// A wrong name is reported when the section is read; until then it counts as development.
fn environment(spoken: &[Spoken]) -> Environment {
    let text = spoken.iter().rev().find_map(|s| s.prefixed.values.get("environment"));
    text.and_then(|text| Environment::parse(text).ok()).unwrap_or(Environment::Development)
}

fn refuse_another_environment(environment: Environment, chosen: &Spoken, problems: &mut Problems) {
    let said = chosen.prefixed.values.get("environment");
    if let Some(said) = said.filter(|said| *said != environment.as_str()) {
        problems.0.push(Problem {
            variable: "MAINSTAY_ENVIRONMENT".into(),
            value: Some(said.clone()),
            layer: Some(chosen.prefixed.name.clone()),
            advice: format!("this file is read because the environment is {environment}; set it elsewhere"),
        });
    }
}

/// The built-in defaults; derived ones have no text until what they derive from is read.
pub(super) fn defaults(environment: Environment) -> Layer {
    use super::variable::BuiltIn::Derived;
    let values = variables()
        .filter(|variable| !matches!(variable.default, Derived(_)))
        .map(|variable| (variable.path.to_owned(), variable.default.text(environment, |_| String::new())))
        .collect();
    Layer { name: DEFAULT.into(), values }
}

/// The text of an optional file. A file that is there and cannot be read is a problem.
fn optional_file(path: &Path, name: &str, problems: &mut Problems) -> String {
    match fs::read_to_string(path) {
        // Editors on Windows put a byte-order mark in front.
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(error) if error.kind() == NotFound => String::new(),
        Err(error) => {
            problems.0.push(Problem {
                variable: name.to_owned(),
                value: None,
                layer: None,
                advice: format!("cannot be read ({error}); make it a readable UTF-8 file, or remove it"),
            });
            String::new()
        }
    }
}
