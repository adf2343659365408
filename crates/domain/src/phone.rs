//! Telephone numbers of people.

use std::fmt;

use secrecy::zeroize::Zeroizing;
use thiserror::Error;

/// An international number: `+`, then 7 to 15 digits of which the first is none (ITU-T E.164, section 6).
/// Personal data that is stored encrypted: it has no `Display`, and its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone(Zeroizing<String>);

/// Why a text is no telephone number. Never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be + with country code and number, 7 to 15 digits")]
pub struct PhoneError;

impl Phone {
    /// Parses and normalises: what people put between digits (spaces, dots, hyphens, parentheses) goes.
    ///
    /// # Errors
    /// [`PhoneError`] for anything else, a number without its country included.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let digits = text.trim().strip_prefix('+').ok_or(PhoneError)?;
        // Bounded before it is copied: a number with its separators is never longer.
        if digits.len() > 40 {
            return Err(PhoneError);
        }
        let mut number = Zeroizing::new(String::with_capacity(16));
        number.push('+');
        for character in digits.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')')) {
            if !character.is_ascii_digit() {
                return Err(PhoneError);
            }
            number.push(character);
        }
        let fits = (8..=16).contains(&number.len()) && !number.starts_with("+0");
        if fits { Ok(Self(number)) } else { Err(PhoneError) }
    }

    /// The normalised number, for its owner and for the cipher.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_what_it_accepts() {
        for (text, expected) in [
            ("+14155550123", "+14155550123"),
            (" +1 (415) 555-0123 ", "+14155550123"),
            ("+49.30.1234567", "+49301234567"),
            ("+2901234", "+2901234"),
            ("+123456789012345", "+123456789012345"),
        ] {
            assert_eq!(Phone::parse(text).unwrap().expose(), expected);
        }
    }

    #[test]
    fn refuses_what_no_exchange_routes() {
        let long = format!("+1{}", " ".repeat(5_000));
        for text in [
            "",
            "+",
            "4155550123",
            "0049301234567",
            "+049301234567",
            "+123456",
            "+1234567890123456",
            "+1415555O123",
            "+1415\n5550123",
            "++14155550123",
            "+١٢٣٤٥٦٧٨",
            &long,
        ] {
            assert_eq!(Phone::parse(text), Err(PhoneError), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Phone::parse("+14155550123").unwrap()), "Phone(***)");
    }
}
