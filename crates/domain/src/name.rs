//! What people call themselves and their things: texts that are shown in lists, mails and logs.

use std::fmt;

use thiserror::Error;

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have 1 to {max} visible characters")]
pub struct NameError {
    max: usize,
}

/// Trimmed, 1 to `max` characters, no control characters: names end up in headers of mails and in logs.
fn parse(text: &str, max: usize) -> Result<String, NameError> {
    let text = text.trim();
    let fits = (1..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(NameError { max }) }
}

/// Types of their own, so that one is not given for another.
macro_rules! names {
    ($($(#[$about:meta])* $name:ident: 1 to $max:literal;)+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// Parses it; blanks around it go.
            ///
            /// # Errors
            /// [`NameError`] when it is empty, too long or holds control characters.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                parse(text, $max).map(Self)
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

names! {
    /// How somebody calls a thing of theirs, to tell it from others.
    Label: 1 to 64;
    /// How a person is called.
    DisplayName: 1 to 100;
    /// What a role is called.
    RoleName: 1 to 100;
    /// What a tenant is called.
    TenantName: 1 to 200;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_trimmed_and_bounded() {
        assert_eq!(Label::parse("  Adas Telefon ✓ ").unwrap().as_str(), "Adas Telefon ✓");
        assert!(Label::parse(&"ü".repeat(64)).is_ok());
        for text in ["", "   ", "a\nb", "a\u{7f}", &"ü".repeat(65)] {
            assert_eq!(Label::parse(text), Err(NameError { max: 64 }), "{text:?}");
        }
        assert!(RoleName::parse(&"ü".repeat(100)).is_ok() && RoleName::parse(&"ü".repeat(101)).is_err());
        let error = TenantName::parse(&"x".repeat(201)).unwrap_err();
        assert_eq!(error.to_string(), "must have 1 to 200 visible characters");
    }
}
