//! An identity provider by a name of ours.

use super::{Secrecy, SecretUrl, Setting};

/// `name=scheme://client:secret@issuer`.
#[derive(Clone, Debug)]
pub struct ProviderUrl {
    /// It stands in paths.
    pub name: String,
    pub url: SecretUrl,
}

impl Setting for ProviderUrl {
    const SECRECY: Secrecy = Secrecy::Url;

    fn parse(text: &str) -> Result<Self, String> {
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let named = |name: &str| (1..=32).contains(&name.len()) && name.chars().all(letter);
        match text.split_once('=') {
            Some((name, url)) if named(name) => {
                Ok(Self { name: name.to_owned(), url: SecretUrl::parse(url)? })
            }
            _ => Err("expected name=scheme://…, the name of lower-case letters, digits and -".to_owned()),
        }
    }
}
