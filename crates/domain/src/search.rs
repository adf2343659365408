//! The form in which texts are searched and sorted: alike for what people take to be alike.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A text without case, diacritics and superfluous space: compatibility decomposition (NFKD, Unicode Standard Annex
/// 15) without combining marks, lower case, and the Latin letters that do not decompose spelled out. Keys are stored,
/// so a change of this form is a change of every stored one.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SearchKey(String);

impl SearchKey {
    /// Longest key in characters; what follows does not count. Above the longest address.
    pub const MAX: usize = 254;

    /// The key of a text. The empty key is that of a missing text.
    pub fn of(text: &str) -> Self {
        let mut key = String::with_capacity(text.len());
        let plain = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
        for c in plain {
            match spelled_out(c) {
                Some(letters) => key.push_str(letters),
                // Also keeps NUL out, which no engine stores in a text.
                None if c.is_control() || c.is_whitespace() => key.push(' '),
                None => key.push(c),
            }
        }
        let words: Vec<&str> = key.split(' ').filter(|word| !word.is_empty()).collect();
        Self(words.join(" ").chars().take(Self::MAX).collect())
    }

    /// The stored form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for the key of nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The least text that is greater than every key that begins with this one, compared byte by byte.
    pub fn end(&self) -> String {
        format!("{}{}", self.0, char::MAX)
    }
}

fn spelled_out(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'þ' => "th",
        'ı' => "i",
        'ħ' => "h",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_take_to_be_alike_is_alike() {
        for (text, key) in [
            ("Jürgen  Müller", "jurgen muller"),
            ("JU\u{308}RGEN", "jurgen"),
            ("Łukasz Ørsted-Ægir", "lukasz orsted-aegir"),
            ("Straße", "strasse"),
            ("STRASSE", "strasse"),
            ("İstanbul Iğdır", "istanbul igdir"),
            ("ﬁnance", "finance"),
            (" \t\u{0}\u{3000} ", ""),
            ("Ада Лавлейс", "ада лавлеис"),
            ("山田", "山田"),
            ("a.b+c@sub.example.co", "a.b+c@sub.example.co"),
        ] {
            assert_eq!(SearchKey::of(text).as_str(), key, "{text:?}");
        }
        assert!(SearchKey::of("").is_empty());
    }

    #[test]
    fn a_key_of_a_key_is_itself_and_bounded() {
        let long = "ﷺ".repeat(100);
        for text in ["Jürgen  Müller", "İ", &long] {
            let once = SearchKey::of(text);
            assert_eq!(SearchKey::of(once.as_str()), once, "{text:?}");
            assert!(once.as_str().chars().count() <= SearchKey::MAX);
        }
    }

    #[test]
    fn the_end_is_behind_all_that_begin_alike() {
        let prefix = SearchKey::of("ada");
        for (text, within) in
            [("ada", true), ("adam", true), ("ada\u{10fffd}", true), ("adb", false), ("ad", false)]
        {
            assert_eq!(text >= prefix.as_str() && text < prefix.end().as_str(), within, "{text}");
        }
    }
}
