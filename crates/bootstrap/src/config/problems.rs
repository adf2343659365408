//! What is wrong, in words an operator can act on.

use std::fmt;

/// One line: the variable, its redacted value and where it came from, what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// An environment variable, or a path or file name where there is none.
    pub variable: String,
    /// Redacted. `None` when there is no value, or none that may be shown.
    pub value: Option<String>,
    /// The layer, where it helps to find the value.
    pub layer: Option<String>,
    /// What would be right.
    pub advice: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.variable)?;
        if let Some(value) = &self.value {
            // Escaped: a value with a line break must not look like a second problem.
            write!(f, " = {}", value.escape_debug())?;
        }
        if let Some(layer) = &self.layer {
            write!(f, " ({layer})")?;
        }
        write!(f, ": {}", self.advice)
    }
}

/// All problems of one attempt to load; as text, one per line.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(pub Vec<Problem>);
