//! How somebody calls a thing of theirs, to tell it from others.

use std::fmt;

use thiserror::Error;

/// 1 to 64 visible characters, trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label(String);

/// Why a text is no label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have 1 to 64 visible characters")]
pub struct LabelError;

impl Label {
    /// Parses a label; control characters are refused because labels are shown in lists and logs.
    ///
    /// # Errors
    /// [`LabelError`] when it is empty, too long or holds control characters.
    pub fn parse(text: &str) -> Result<Self, LabelError> {
        let text = text.trim();
        let length = text.chars().count();
        if (1..=64).contains(&length) && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(LabelError)
        }
    }

    /// The trimmed text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_trimmed_and_bounded() {
        assert_eq!(Label::parse("  Adas Telefon ✓ ").unwrap().as_str(), "Adas Telefon ✓");
        assert!(Label::parse(&"ü".repeat(64)).is_ok());
        for text in ["", "   ", "a\nb", "a\u{7f}", &"ü".repeat(65)] {
            assert_eq!(Label::parse(text), Err(LabelError), "{text:?}");
        }
    }
}
