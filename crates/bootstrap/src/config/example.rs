//! `.env.example`, from the catalogue: every variable with its default and its explanation.

use super::{
    Environment,
    catalogue::variables,
    variable::{BuiltIn, Secrecy, Variable},
};

const HEADER: &str = "\
# Every variable of Mainstay with its default. Copy what you change to `.env`, without the `# `.
# Layers, later wins: defaults, mainstay.toml, .env, .env.<environment>, .env.local, process environment.
# In mainstay.toml, MAINSTAY_SERVER__PORT is `port` in the table [server]. Lists are comma-separated.
# Where it says `or …_FILE`, the value may stand in a file, named by MAINSTAY_<SECTION>__<KEY>_FILE.
# Written by `mainstay config example > .env.example`; a test keeps it equal to the code.
";

/// The text of `.env.example`.
pub fn env_example() -> String {
    let mut text = HEADER.to_owned();
    let mut section = "";
    for variable in variables() {
        if variable.section() != section {
            section = variable.section();
            text += &["\n# ---- ", section, " ----\n"].concat();
        }
        text += &["\n# ", variable.explanation, &notes(variable), "\n"].concat();
        text += &["# ", &variable.name(), "=", &quoted(&default(variable)), "\n"].concat();
    }
    text
}

/// What holds in development, with derived values spelled out.
fn default(variable: &Variable) -> String {
    let lookup = |path: &str| variables().find(|other| other.path == path).map(default).unwrap_or_default();
    variable.default.text(Environment::Development, lookup)
}

fn notes(variable: &Variable) -> String {
    let mut notes = Vec::new();
    if let BuiltIn::PerEnvironment { deployed, .. } = variable.default {
        let deployed = if deployed.is_empty() { "none" } else { deployed };
        notes.push(format!("{deployed} in staging and production"));
    }
    if let Some(range) = &variable.range {
        notes.push(format!("{} to {}", range.start(), range.end()));
    }
    if let Some(alias) = variable.alias {
        notes.push(format!("alias {alias}"));
    }
    if variable.secrecy != Secrecy::Public {
        notes.push("or …_FILE".to_owned());
    }
    if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) }
}

/// A value with a space needs quotes in a `.env` file.
fn quoted(text: &str) -> String {
    if text.contains([' ', '<']) { format!("'{text}'") } else { text.to_owned() }
}
