//! Permissions: what a role grants and a request needs.

use std::collections::{HashMap, HashSet};
use std::fmt;

use thiserror::Error;

use crate::TenantScope;

/// `resource:action`, for example `jobs:read`. With `:own` behind it only on what belongs to its holder. `*` stands for
/// any resource or action, in grants only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permission {
    resource: String,
    action: String,
    own: bool,
}

/// Why a text is no permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have the form resource:action or resource:action:own")]
pub struct PermissionError;

impl Permission {
    /// Parses `resource:action` or `resource:action:own`; both words are `*` or lower-case with dashes.
    ///
    /// # Errors
    /// [`PermissionError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, PermissionError> {
        let (resource, rest) = text.split_once(':').ok_or(PermissionError)?;
        let (action, own) = match rest.split_once(':') {
            None => (rest, false),
            Some((action, "own")) => (action, true),
            Some(_) => return Err(PermissionError),
        };
        let word = |w: &str| {
            w == ANY
                || (!w.is_empty() && w.len() <= 40 && w.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        };
        if word(resource) && word(action) {
            Ok(Self { resource: resource.to_owned(), action: action.to_owned(), own })
        } else {
            Err(PermissionError)
        }
    }

    /// What both allow, if anything.
    fn meet(&self, other: &Self) -> Option<Self> {
        let meet = |one: &str, other: &str| match (one, other) {
            (ANY, word) | (word, ANY) => Some(word.to_owned()),
            (one, other) => (one == other).then(|| one.to_owned()),
        };
        let resource = meet(&self.resource, &other.resource)?;
        Some(Self { resource, action: meet(&self.action, &other.action)?, own: self.own || other.own })
    }

    /// What is acted on.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// What is done, with `:own` behind it where that counts.
    pub fn act(&self) -> String {
        if self.own { format!("{}:own", self.action) } else { self.action.clone() }
    }
}

/// Stands for any word.
const ANY: &str = "*";

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource, self.act())
    }
}

/// Everything a caller may do, computed once when the caller's session is loaded. Asking takes a handful of look-ups,
/// however many grants there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions(HashMap<String, Actions>);

/// What is granted on one resource: on all of it, and on what belongs to the holder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Actions {
    all: HashSet<String>,
    own: HashSet<String>,
}

impl Actions {
    fn of(&self, own: bool) -> &HashSet<String> {
        if own { &self.own } else { &self.all }
    }
}

impl Permissions {
    /// True when a grant covers `resource:action`, on whatever it is; `resource:action:own` is covered by a grant on
    /// what belongs to the holder, too.
    pub fn allow(&self, needed: &str) -> bool {
        let Some((resource, action)) = needed.split_once(':') else { return false };
        match action.strip_suffix(":own") {
            None => self.grants(resource, action, false),
            Some(action) => self.grants(resource, action, false) || self.grants(resource, action, true),
        }
    }

    /// True when nothing that `grant` gives would be new: who grants it gives away nothing that they have not.
    pub fn cover(&self, grant: &Permission) -> bool {
        self.allow(&grant.to_string())
    }

    /// What both allow: each grant of one meets each of the other.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        let theirs: Vec<Permission> = other.iter().collect();
        self.iter()
            .flat_map(|one| theirs.iter().filter_map(move |other| one.meet(other)).collect::<Vec<_>>())
            .collect()
    }

    /// The grants, sorted.
    pub fn iter(&self) -> impl Iterator<Item = Permission> {
        let mut grants: Vec<Permission> = Vec::new();
        for (resource, actions) in &self.0 {
            for own in [false, true] {
                let grant =
                    |action: &String| Permission { resource: resource.clone(), action: action.clone(), own };
                grants.extend(actions.of(own).iter().map(grant));
            }
        }
        grants.sort_unstable();
        grants.into_iter()
    }

    fn grants(&self, resource: &str, action: &str, own: bool) -> bool {
        let on = |resource: &str| {
            let granted = self.0.get(resource).map(|actions| actions.of(own));
            granted.is_some_and(|granted| granted.contains(action) || granted.contains(ANY))
        };
        on(resource) || on(ANY)
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(grants: I) -> Self {
        let mut all = Self::default();
        for Permission { resource, action, own } in grants {
            let actions = all.0.entry(resource).or_default();
            if own {
                actions.own.insert(action)
            } else {
                actions.all.insert(action)
            };
        }
        all
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

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What it grants, in a tenant or on the platform. Not stored: a release that knows more grants more.
    pub fn grants(self, scope: TenantScope) -> impl Iterator<Item = Permission> {
        let texts: &[&str] = match (self, scope) {
            (Self::Owner, _) => &["*:*"],
            (Self::Admin, TenantScope::Platform) => {
                &["users:*", "roles:*", "tenants:*", "members:*", "jobs:*", "events:*", "audit:read"]
            }
            (Self::Admin, TenantScope::Tenant { .. }) => {
                &["roles:*", "tenants:read", "tenants:write", "members:*"]
            }
            (Self::Member, TenantScope::Platform) => &[],
            (Self::Member, TenantScope::Tenant { .. }) => {
                &["tenants:read", "members:read", "members:remove:own"]
            }
        };
        texts.iter().filter_map(|text| Permission::parse(text).ok())
    }

    /// What everybody may who is signed in, without any role.
    pub fn implied() -> impl Iterator<Item = Permission> {
        let texts = [
            "profile:read",
            "profile:write",
            "credentials:write",
            "users:read:own",
            "users:write:own",
            "tenants:create",
        ];
        texts.into_iter().filter_map(|text| Permission::parse(text).ok())
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
    fn a_grant_on_ones_own_is_less_than_one_on_all() {
        let granted = |text: &str| Permissions::from_iter([Permission::parse(text).unwrap()]);
        assert!(granted("jobs:read").allow("jobs:read:own"));
        assert!(granted("jobs:read:own").allow("jobs:read:own"));
        assert!(granted("jobs:*:own").allow("jobs:read:own"));
        assert!(!granted("jobs:read:own").allow("jobs:read"));
        assert!(!granted("*:*:own").allow("jobs:read"));
    }

    #[test]
    fn nobody_covers_what_they_have_not() {
        let parse = |text: &str| Permission::parse(text).unwrap();
        let holder: Permissions = ["users:*", "jobs:read", "files:read:own"].into_iter().map(parse).collect();
        for text in ["users:read", "users:*", "users:*:own", "jobs:read", "jobs:read:own", "files:read:own"] {
            assert!(holder.cover(&parse(text)), "{text}");
        }
        for text in ["jobs:*", "*:read", "*:*", "files:read", "files:*:own"] {
            assert!(!holder.cover(&parse(text)), "{text}");
        }
        let texts: Vec<String> = holder.iter().map(|grant| grant.to_string()).collect();
        assert_eq!(texts, ["files:read:own", "jobs:read", "users:*"]);
    }

    #[test]
    fn what_two_allow_is_what_both_allow() {
        let granted =
            |texts: &[&str]| texts.iter().map(|t| Permission::parse(t).unwrap()).collect::<Permissions>();
        let held = granted(&["jobs:*", "*:read", "users:write"]);
        for (limit, allowed, refused) in [
            (&["jobs:read"][..], &["jobs:read"][..], &["jobs:write", "users:read"][..]),
            (&["*:*"], &["jobs:write", "audit:read", "users:write"], &["audit:write"]),
            (&["*:write"], &["jobs:write", "users:write"], &["jobs:read", "audit:write"]),
            (
                &["users:*", "audit:*"],
                &["users:read", "users:write", "audit:read"],
                &["users:delete", "audit:write"],
            ),
            (&["jobs:read:own"], &["jobs:read:own"], &["jobs:read", "jobs:write:own"]),
            (&[], &[], &["jobs:read"]),
        ] {
            let both = held.meet(&granted(limit));
            assert_eq!(both, granted(limit).meet(&held), "{limit:?}");
            assert!(allowed.iter().all(|needed| both.allow(needed)), "{limit:?}");
            assert!(!refused.iter().any(|needed| both.allow(needed)), "{limit:?}");
        }
    }

    #[test]
    fn refuses_other_forms() {
        for text in
            ["", "jobs", "jobs:", ":read", "Jobs:read", "jobs:read:mine", "jobs:own:own:own", "jo bs:read"]
        {
            assert_eq!(Permission::parse(text), Err(PermissionError), "{text:?}");
        }
    }
}
