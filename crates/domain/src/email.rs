//! E-mail addresses as identifiers of users.

use std::fmt;

use thiserror::Error;

/// A syntactically plausible, normalised address: trimmed and lowercased, at most 254 octets
/// (RFC 5321, section 4.5.3.1.3). Whether a mailbox stands behind it only a mail can tell.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

/// Why a text is no e-mail address. Never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is not an e-mail address")]
pub struct EmailError;

impl Email {
    /// Longest address in octets.
    pub const MAX: usize = 254;
    const MAX_LOCAL: usize = 64;

    /// Parses and normalises. Quoted local parts, comments and address literals (RFC 5322) are refused:
    /// no mailbox provider hands them out, and they are how header injection gets in.
    ///
    /// # Errors
    /// [`EmailError`] when the text has no `local@domain.tld` form.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError)?;
        let fits = text.len() <= Self::MAX && local.len() <= Self::MAX_LOCAL;
        if fits && is_local(local) && is_domain(domain) { Ok(Self(text)) } else { Err(EmailError) }
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`, for rules about passwords.
    pub fn local(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

fn is_local(local: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-.".contains(c);
    !local.is_empty()
        && local.chars().all(allowed)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

/// At least two labels of RFC 1123 form; letters outside ASCII stay as typed (RFC 6531).
/// `localhost` passes: a first start has no other domain.
fn is_domain(domain: &str) -> bool {
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    domain == "localhost" || (domain.contains('.') && domain.split('.').all(label))
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Personal data: logs show the domain only.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email(***@{})", self.0.rsplit('@').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_what_it_accepts() {
        for (text, expected) in [
            (" Ada@Example.COM ", "ada@example.com"),
            ("a.b+c@sub.example.co", "a.b+c@sub.example.co"),
            ("admin@localhost", "admin@localhost"),
            ("jürgen@müller.example", "jürgen@müller.example"),
        ] {
            assert_eq!(Email::parse(text).map(|e| e.to_string()), Ok(expected.to_owned()));
        }
    }

    #[test]
    fn refuses_what_no_mailbox_has() {
        let long = format!("{}@example.com", "a".repeat(65));
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@example",
            "a b@example.com",
            "a..b@example.com",
            ".a@example.com",
            "ada@-x.com",
            "ada@x..com",
            "\"a\"@example.com",
            "a@b@example.com",
            "ada@example.com\r\nBcc: x@y.zz",
            &long,
        ] {
            assert_eq!(Email::parse(text), Err(EmailError), "{text:?}");
        }
    }

    #[test]
    fn debug_hides_the_person() {
        let email = Email::parse("ada@example.com").unwrap();
        assert_eq!(format!("{email:?}"), "Email(***@example.com)");
    }
}
