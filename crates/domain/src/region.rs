//! Where and in which language somebody lives: what dates, numbers and mails will look like.

use std::fmt;

use chrono_tz::Tz;
use thiserror::Error;

/// A language tag (BCP 47, RFC 5646), well-formed and in its canonical case: `de-CH`, `zh-Hant-TW`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locale(String);

/// Why a text is no language tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a language tag such as de-CH")]
pub struct LocaleError;

impl Locale {
    /// RFC 5646, section 4.4.1: buffers for tags should hold 35 characters.
    pub const MAX: usize = 35;

    /// Parses a tag, in any case.
    ///
    /// # Errors
    /// [`LocaleError`] when it is not well-formed, or longer than [`Locale::MAX`].
    pub fn parse(text: &str) -> Result<Self, LocaleError> {
        let tag = icu_locale_core::Locale::try_from_str(text).map_err(|_| LocaleError)?;
        let canonical = tag.to_string();
        if canonical.len() <= Self::MAX && canonical != "und" {
            Ok(Self(canonical))
        } else {
            Err(LocaleError)
        }
    }

    /// What was parsed once.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A time zone by its name in IANA's database: `Europe/Zurich`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZone(String);

/// Why a text names no time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be the name of a time zone such as Europe/Zurich")]
pub struct TimeZoneError;

impl TimeZone {
    /// Parses a name, as it is written in the database.
    ///
    /// # Errors
    /// [`TimeZoneError`] when the database that this program was built with has no such zone.
    pub fn parse(text: &str) -> Result<Self, TimeZoneError> {
        let zone: Tz = text.parse().map_err(|_| TimeZoneError)?;
        Ok(Self(zone.name().to_owned()))
    }

    /// What was parsed once, maybe by a program that knew other zones.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_canonical_or_refused() {
        for (text, tag) in [
            ("de", "de"),
            ("DE-ch", "de-CH"),
            ("en-us", "en-US"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("sr-Latn", "sr-Latn"),
            ("de-u-co-phonebk", "de-u-co-phonebk"),
        ] {
            assert_eq!(Locale::parse(text).unwrap().to_string(), tag, "{text}");
        }
        let long = format!("de-{}", ["x", "aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd"].join("-"));
        for text in ["", "d", "german", "de-", "de--CH", "de_CH", "de CH", "de-CH\n", "und", "12", &long] {
            assert_eq!(Locale::parse(text), Err(LocaleError), "{text:?}");
        }
    }

    #[test]
    fn zones_are_those_of_the_database() {
        for text in ["Europe/Zurich", "America/Argentina/Buenos_Aires", "UTC", "Asia/Kolkata"] {
            assert_eq!(TimeZone::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "Europe/Bern", "europe/zurich", "+01:00", "Europe/Zurich ", "../etc/passwd"] {
            assert_eq!(TimeZone::parse(text), Err(TimeZoneError), "{text:?}");
        }
    }
}
