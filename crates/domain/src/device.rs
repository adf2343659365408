//! Devices that people have logged in from, as far as a server can tell them apart.

use std::time::Duration;

use uuid::Uuid;

use crate::Timestamp;

/// A kind of program in a network that somebody has logged in from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Snowflake.
    pub id: i64,
    /// Public id.
    pub uuid: Uuid,
    /// Whose.
    pub user_id: i64,
    /// As [`network_of`](crate::network_of) gives it.
    pub network: String,
    /// As [`agent_family`] gives it.
    pub agent: String,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// When it was last logged in from.
    pub last_seen_at: Timestamp,
}

/// A device that nobody has come back from for so long is a new one.
pub const FAMILIAR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Whether a device has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The person has never logged in from anywhere (lately).
    First,
    /// From elsewhere, but not from here.
    New,
    /// From here.
    Before,
}

const BROWSERS: [(&str, &str); 9] = [
    // In the order in which they may claim to be each other.
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("Trident", "Internet Explorer"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];
/// The longest name of a program that is kept.
const LONGEST: usize = 64;

/// What kind of program a user agent is, without versions, so that an update makes no new device of it: `Firefox on
/// Linux`, `curl`, `unknown`. For people to recognise, not to be relied on: user agents say what they like.
pub fn agent_family(user_agent: Option<&str>) -> String {
    let text = user_agent.unwrap_or_default();
    let named = |table: &'static [(&str, &str)]| {
        table.iter().find(|(part, _)| text.contains(part)).map(|(_, name)| *name)
    };
    let product = || {
        let product = text.split(['/', ' ']).next().unwrap_or_default();
        let plain = product.chars().filter(char::is_ascii_graphic).take(LONGEST).collect::<String>();
        if plain.is_empty() { "unknown".to_owned() } else { plain }
    };
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => product(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_recognised_whatever_the_version() {
        for (agent, family) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0", "Firefox on Linux"),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:150.1) Gecko/20100101 Firefox/150.1", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
                "Chrome on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.9.1", "curl"),
            ("okhttp/4.12.0", "okhttp"),
            ("", "unknown"),
            ("\u{7}\u{7}/", "unknown"),
        ] {
            assert_eq!(agent_family(Some(agent)), family, "{agent}");
        }
        assert_eq!(agent_family(None), "unknown");
        assert_eq!(agent_family(Some(&"x".repeat(500))).len(), LONGEST);
    }
}
