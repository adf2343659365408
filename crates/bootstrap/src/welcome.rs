//! What a first start tells the person in front of it, on one screen.

use domain::Email;
use secrecy::{ExposeSecret, SecretString};

use crate::config::Config;

/// The platform administrator of an empty database, and the password if we had to make one up.
pub(crate) struct Admin {
    pub(crate) email: String,
    pub(crate) password: Option<SecretString>,
}

impl Admin {
    /// One that was just created; a configured password needs not be shown.
    pub(crate) fn of(config: &Config, email: &Email, password: SecretString) -> Self {
        let made_up = config.bootstrap_admin.admin_password.is_none();
        Self { email: email.to_string(), password: made_up.then_some(password) }
    }
}

/// Prints addresses in development, and the administrator on the first start anywhere: the password, if it was
/// made up, is shown this once and kept nowhere.
#[allow(clippy::print_stdout, reason = "meant for the person at the terminal, not for the log")]
pub(crate) fn print(config: &Config, admin: Option<&Admin>) {
    if config.environment.is_local() || admin.is_some_and(|admin| admin.password.is_some()) {
        println!("{}", text(config, admin));
    }
}

fn text(config: &Config, admin: Option<&Admin>) -> String {
    let url = config.server.public_url.as_str();
    let mut lines = vec![String::new(), format!("  Mainstay is ready.     {url}")];
    if !config.environment.is_production() {
        lines.push(format!("  API documentation      {url}/"));
        if config.mail.url.scheme() == "capture" {
            lines.push(format!("  Captured mail          {url}/dev/mailbox"));
        }
    }
    if let Some(admin) = admin {
        let shown = admin.password.as_ref().map_or("as configured", |password| password.expose_secret());
        let sent = admin.password.as_ref().map_or("…", |password| password.expose_secret());
        lines.extend([
            String::new(),
            format!("  Administrator          {}", admin.email),
            format!("  Password (shown once)  {shown}"),
            String::new(),
            "  Log in:".to_owned(),
            format!("  curl -s {url}/api/v1/auth/login -H 'content-type: application/json' \\"),
            format!("    -d '{{\"email\":\"{}\",\"password\":\"{sent}\"}}'", admin.email),
        ]);
    }
    lines.push(String::new());
    lines.join("\n")
}
