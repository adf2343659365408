//! Values that parse: a value that exists is valid. Each type says, when a text
//! is not one, what would be right.

mod choice;
mod master_key;
mod provider_url;
mod scalar;
mod secret_url;
mod text;
mod web_url;

pub use choice::{Environment, LogFormat, TenancyMode};
pub use master_key::MasterKeys;
pub use provider_url::ProviderUrl;
pub use secret_url::SecretUrl;
pub use text::{
    BindHost, DomainName, EmailAddress, LogFilter, QueueName, RedirectUri, RoleName, Sender, TypePrefix,
};
pub use web_url::{Origin, WebUrl};

use super::variable::Secrecy;

/// A type that a variable can have.
pub(crate) trait Setting: Sized {
    /// Follows from the type, so that no declaration can forget it.
    const SECRECY: Secrecy = Secrecy::Public;

    /// # Errors
    /// What would be right.
    fn parse(text: &str) -> Result<Self, String>;
}

/// No text is no value.
impl<T: Setting> Setting for Option<T> {
    const SECRECY: Secrecy = T::SECRECY;

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::parse(text).map(Some) }
    }
}

/// Comma-separated; spaces around an item and empty items do not count.
impl<T: Setting> Setting for Vec<T> {
    const SECRECY: Secrecy = T::SECRECY;

    fn parse(text: &str) -> Result<Self, String> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items
            .map(T::parse)
            .collect::<Result<_, _>>()
            .map_err(|advice| format!("{advice}, in each item of the list"))
    }
}
