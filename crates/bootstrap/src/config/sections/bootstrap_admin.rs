//! The first administrator.

use secrecy::SecretString;

use crate::config::{EmailAddress, section::section};

section! {
    /// Whom the first start on an empty database creates.
    pub struct BootstrapAdminConfig in bootstrap {
        /// Platform administrator that the first start on an empty database creates.
        admin_email: EmailAddress = Fixed("admin@mainstay.local");
        /// Their password; empty makes a random one, printed once.
        admin_password: Option<SecretString> = Unset;
    }
}
