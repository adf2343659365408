//! The configuration while it is read: the merged texts, where each came from,
//! and the problems found so far.
//!
//! **Invariant:** a rejected text is replaced by its default, so that reading
//! goes on and the checks across sections see a whole configuration; a draft
//! with a problem never becomes one.

use std::{collections::BTreeMap, fs};

use figment::Figment;

use super::{
    Config, Environment, Loaded, Problems, Source,
    catalogue::variables,
    layers::{self, DERIVED, Layer},
    loaded::Row,
    problems::Problem,
    redact,
    settings::Setting,
    variable::{BuiltIn, Secrecy, Variable},
};

struct Entry {
    variable: &'static Variable,
    text: String,
    layer: String,
    rejected: bool,
}

pub(crate) struct Draft {
    environment: Environment,
    entries: BTreeMap<&'static str, Entry>,
    problems: Problems,
}

impl Draft {
    pub(super) fn merge(source: &Source) -> Self {
        let mut problems = Problems::default();
        let layers = layers::read(source, &mut problems);
        let weaker = Figment::from(layers::defaults(layers.environment));
        let weaker = layers.aliases.into_iter().fold(weaker, Figment::merge::<Layer>);
        let prefixed = layers.prefixed.into_iter().fold(Figment::new(), Figment::merge::<Layer>);
        let merged = weaker.merge(&prefixed);

        let mut draft = Self { environment: layers.environment, entries: BTreeMap::new(), problems };
        for variable in variables() {
            let (text, layer) = find(&merged, variable.path).unwrap_or_default();
            let mut entry = Entry { variable, text, layer, rejected: false };
            draft.read_secret_file(&mut entry, &prefixed, source);
            draft.entries.insert(variable.path, entry);
        }
        draft
    }

    /// `…_FILE` is another way to give the value, as strong as the prefixed name: both is a problem.
    fn read_secret_file(&mut self, entry: &mut Entry, prefixed: &Figment, source: &Source) {
        let found = entry.variable.file_path().and_then(|path| find(prefixed, &path));
        let Some((file, layer)) = found.filter(|(file, _)| !file.is_empty()) else {
            return;
        };
        let name = entry.variable.name();
        let set_too = find(prefixed, entry.variable.path).is_some_and(|(text, _)| !text.is_empty());
        let read = fs::read_to_string(source.dir.join(&file));
        let advice = match read.as_deref().map(|text| text.trim_end_matches(['\r', '\n'])) {
            _ if set_too => format!("{name} is set too ({}); keep one of them", entry.layer),
            Err(error) => format!("the file cannot be read: {error}"),
            Ok("") => "the file is empty; put the value in it".to_owned(),
            Ok(text) => {
                text.clone_into(&mut entry.text);
                entry.layer = format!("{layer}, file {file}");
                return;
            }
        };
        entry.rejected = true;
        // Whoever puts the URL itself where its file belongs must not find the password in a log.
        let value = Some(redact::value(&file, Secrecy::Public));
        self.problems.0.push(Problem { variable: format!("{name}_FILE"), value, layer: Some(layer), advice });
    }

    /// The typed value of a variable. A text that is not one becomes a problem, and the default
    /// stands in for it; `None` only if the default itself is wrong.
    pub(crate) fn get<T: Setting>(&mut self, path: &'static str) -> Option<T> {
        let variable = self.entries.get(path)?.variable;
        self.derive(variable);
        match parse(variable, &self.entries.get(path)?.text) {
            Ok(value) => Some(value),
            Err(advice) => {
                self.refuse(path, &advice);
                let default = self.default_text(variable);
                let entry = self.entries.get_mut(path)?;
                entry.rejected = true;
                entry.text = default;
                parse(variable, &entry.text).ok()
            }
        }
    }

    fn derive(&mut self, variable: &'static Variable) {
        let text = self.default_text(variable);
        if let (BuiltIn::Derived(_), Some(entry)) = (variable.default, self.entries.get_mut(variable.path))
            && entry.text.is_empty()
        {
            DERIVED.clone_into(&mut entry.layer);
            entry.text = text;
        }
    }

    fn default_text(&self, variable: &Variable) -> String {
        let lookup = |path: &str| self.entries.get(path).map(|entry| entry.text.clone());
        variable.default.text(self.environment, |path| lookup(path).unwrap_or_default())
    }

    /// Adds a problem with the value of a variable, unless the value is already known to be wrong:
    /// then what is judged here is only a stand-in.
    pub(super) fn refuse(&mut self, path: &str, advice: &str) {
        let Some(entry) = self.entries.get(path).filter(|entry| !entry.rejected) else {
            return;
        };
        self.problems.0.push(Problem {
            variable: entry.variable.name(),
            value: Some(shown(entry)),
            layer: Some(entry.layer.clone()),
            advice: advice.to_owned(),
        });
    }

    pub(super) fn finish(self, config: Option<Config>) -> Result<Loaded, Problems> {
        match config {
            Some(config) if self.problems.0.is_empty() => {
                let rows =
                    variables().filter_map(|variable| self.entries.get(variable.path)).map(|entry| Row {
                        path: entry.variable.path,
                        name: entry.variable.name(),
                        value: shown(entry),
                        layer: entry.layer.clone(),
                    });
                Ok(Loaded { config, rows: rows.collect() })
            }
            _ => Err(self.problems),
        }
    }
}

/// The strongest text at a path, and the layer it stands in.
fn find(figment: &Figment, path: &str) -> Option<(String, String)> {
    let value = figment.find_value(path).ok()?;
    let layer = figment.get_metadata(value.tag())?.name.to_string();
    Some((value.into_string()?, layer))
}

/// The bounds are the better advice where a type would allow more.
fn parse<T: Setting>(variable: &Variable, text: &str) -> Result<T, String> {
    let value = T::parse(text);
    variable.out_of_range(text).map_or(value, Err)
}

fn shown(entry: &Entry) -> String {
    redact::value(&entry.text, entry.variable.secrecy)
}
