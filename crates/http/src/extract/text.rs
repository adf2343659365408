//! Texts that end up in the database.

use serde::{Deserialize, Deserializer};

/// Refuses control characters: no name needs one, and PostgreSQL can't store NUL.
#[allow(clippy::trivially_copy_pass_by_ref, clippy::ref_option, reason = "the signature that garde calls")]
pub(crate) fn plain(text: &Option<String>, (): &()) -> garde::Result {
    match text {
        Some(text) if text.chars().any(char::is_control) => Err(garde::Error::new("has control characters")),
        _ => Ok(()),
    }
}

/// For a field where leaving it out and `null` mean different things: `None` and `Some(None)`.
#[allow(clippy::option_option, reason = "the three cases of a partial change")]
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_refused() {
        let judge = |text: &str| plain(&Some(text.to_owned()), &()).is_ok();
        assert!(judge("mail") && judge("größe 1") && plain(&None, &()).is_ok());
        assert!(!judge("a\0b") && !judge("a\nb"));
    }
}
