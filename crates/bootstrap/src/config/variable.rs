//! What a variable is: its names, its default, its line of explanation, and
//! whether its value may be shown.

use std::ops::RangeInclusive;

use super::Environment;

/// How much of a value an operator may see again. It follows from the field's
/// type (`Setting::SECRECY`), so a secret cannot be declared without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrecy {
    Public,
    /// May hold credentials: shown without them.
    Url,
    /// Never shown.
    Secret,
}

/// The weakest layer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BuiltIn {
    Fixed(&'static str),
    Unset,
    /// `local` in development and test, `deployed` in staging and production.
    PerEnvironment {
        local: &'static str,
        deployed: &'static str,
    },
    /// A template over variables that are declared earlier: `{data_dir}/files`.
    Derived(&'static str),
}

impl BuiltIn {
    /// The text of the default; a derived one is expanded with what `lookup` says of other paths.
    pub(crate) fn text(self, environment: Environment, lookup: impl Fn(&str) -> String) -> String {
        match self {
            Self::Fixed(text) => text.to_owned(),
            Self::Unset => String::new(),
            Self::PerEnvironment { local, .. } if environment.is_local() => local.to_owned(),
            Self::PerEnvironment { deployed, .. } => deployed.to_owned(),
            Self::Derived(template) => expand(template, lookup),
        }
    }
}

/// One entry of the catalogue, declared by `section!` next to its typed field.
#[derive(Debug)]
pub(crate) struct Variable {
    /// `section.key`, as in `mainstay.toml`.
    pub(crate) path: &'static str,
    /// A conventional name, weaker than the prefixed one.
    pub(crate) alias: Option<&'static str>,
    pub(crate) default: BuiltIn,
    /// Bounds of a whole number.
    pub(crate) range: Option<RangeInclusive<u64>>,
    pub(crate) explanation: &'static str,
    pub(crate) secrecy: Secrecy,
}

impl Variable {
    /// `MAINSTAY_<SECTION>__<KEY>`
    pub(crate) fn name(&self) -> String {
        format!("MAINSTAY_{}", self.path.to_uppercase().replace('.', "__"))
    }

    pub(crate) fn section(&self) -> &'static str {
        self.path.split_once('.').map_or("general", |(section, _)| section)
    }

    /// The path of the variable that names a file with the value, for whatever may be secret.
    pub(crate) fn file_path(&self) -> Option<String> {
        (self.secrecy != Secrecy::Public).then(|| format!("{}_file", self.path))
    }

    /// Says what would be right when a number is outside of its bounds. No text is no number.
    pub(crate) fn out_of_range(&self, text: &str) -> Option<String> {
        let range = self.range.as_ref()?;
        let inside = text.is_empty() || text.parse().is_ok_and(|number: u64| range.contains(&number));
        (!inside).then(|| format!("expected a whole number from {} to {}", range.start(), range.end()))
    }
}

/// Replaces every `{path}`. An IPv6 address gets the brackets that a URL wants.
fn expand(template: &str, lookup: impl Fn(&str) -> String) -> String {
    let mut expanded = String::new();
    let mut rest = template;
    while let Some((before, (path, after))) =
        rest.split_once('{').and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
    {
        let value = lookup(path);
        expanded.push_str(before);
        if value.parse::<std::net::Ipv6Addr>().is_ok() {
            expanded.extend(["[", &value, "]"]);
        } else {
            expanded.push_str(&value);
        }
        rest = after;
    }
    expanded + rest
}
