//! Permissions: what a role grants and a request needs.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

/// `resource:action`, for example `jobs:read`. `*` stands for any resource or action, in grants only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permission {
    resource: String,
    action: String,
}

/// Why a text is no permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have the form resource:action")]
pub struct PermissionError;

impl Permission {
    /// Parses `resource:action`; both are `*` or lower-case words with dashes.
    ///
    /// # Errors
    /// [`PermissionError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, PermissionError> {
        let (resource, action) = text.split_once(':').ok_or(PermissionError)?;
        let word =
            |w: &str| w == "*" || (!w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
        if word(resource) && word(action) {
            Ok(Self { resource: resource.to_owned(), action: action.to_owned() })
        } else {
            Err(PermissionError)
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource, self.action)
    }
}

/// Everything a caller may do, computed once when the caller's session is loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    exact: BTreeSet<String>,
    patterns: Vec<Permission>,
}

impl Permissions {
    /// True when a grant covers `resource:action`.
    pub fn allow(&self, needed: &str) -> bool {
        if self.exact.contains(needed) {
            return true;
        }
        let Some((resource, action)) = needed.split_once(':') else { return false };
        let covers = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        self.patterns.iter().any(|p| covers(&p.resource, resource) && covers(&p.action, action))
    }

    /// The grants, sorted, patterns last.
    pub fn iter(&self) -> impl Iterator<Item = String> + '_ {
        self.exact.iter().cloned().chain(self.patterns.iter().map(ToString::to_string))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(grants: I) -> Self {
        let (patterns, exact): (Vec<_>, Vec<_>) =
            grants.into_iter().partition(|p| p.resource == "*" || p.action == "*");
        Self { exact: exact.iter().map(ToString::to_string).collect(), patterns }
    }
}

/// Roles that exist from the first start and can't be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemRole {
    /// May do everything.
    Owner,
    /// May administer everything but ownership.
    Admin,
    /// May use what every signed-in person may.
    Member,
}

impl SystemRole {
    /// All of them, most powerful first.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Admin, Self::Member];

    /// The stored name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    /// What it grants.
    pub fn grants(self) -> &'static [&'static str] {
        match self {
            Self::Owner => &["*:*"],
            Self::Admin => {
                &["users:*", "roles:*", "members:*", "jobs:*", "queues:*", "events:*", "audit:read"]
            }
            Self::Member => &["profile:read", "profile:write"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_cover_and_words_match_exactly() {
        let granted =
            |texts: &[&str]| texts.iter().map(|t| Permission::parse(t).unwrap()).collect::<Permissions>();
        assert!(granted(&["jobs:read"]).allow("jobs:read"));
        assert!(!granted(&["jobs:read"]).allow("jobs:write"));
        assert!(granted(&["jobs:*"]).allow("jobs:write"));
        assert!(!granted(&["jobs:*"]).allow("job:write"));
        assert!(granted(&["*:read"]).allow("audit:read"));
        assert!(granted(&["*:*"]).allow("anything:goes"));
        assert!(!granted(&[]).allow("jobs:read"));
        assert!(!granted(&["*:*"]).allow("nonsense"));
    }

    #[test]
    fn refuses_other_forms() {
        for text in ["", "jobs", "jobs:", ":read", "Jobs:read", "jobs:read:own", "jo bs:read"] {
            assert_eq!(Permission::parse(text), Err(PermissionError), "{text:?}");
        }
    }
}
