//! What things are called on the server: `<prefix>:<what>:<name>`.

use ports::{CachePattern, RevisionOf};

/// Names of one installation.
#[derive(Clone)]
pub(crate) struct Names(pub(crate) String);

impl Names {
    /// A value or a counter.
    pub(crate) fn entry(&self, name: &str) -> String {
        format!("{}:k:{name}", self.0)
    }

    /// The generation of a tag.
    pub(crate) fn tag(&self, tag: &str) -> String {
        format!("{}:t:{tag}", self.0)
    }

    /// A revision.
    pub(crate) fn revision(&self, of: RevisionOf) -> String {
        match of {
            RevisionOf::User(id) => format!("{}:r:u{id}", self.0),
            RevisionOf::Platform => format!("{}:r:p", self.0),
            RevisionOf::Tenant(id) => format!("{}:r:t{id}", self.0),
        }
    }

    /// A channel.
    pub(crate) fn channel(&self, channel: &str) -> String {
        format!("{}:c:{channel}", self.0)
    }

    /// Who holds a lock, and the count of its tokens: one slot of a cluster, because one script reads both.
    pub(crate) fn lock(&self, digest: &str) -> [String; 2] {
        [format!("{}:l:{{{digest}}}", self.0), format!("{}:n:{{{digest}}}", self.0)]
    }

    /// The same names in the server's wildcards: only `*` is one here, the others are escaped.
    pub(crate) fn matching(&self, pattern: &CachePattern) -> String {
        let mut text = self.entry("");
        for character in pattern.as_str().chars() {
            if matches!(character, '?' | '[' | ']' | '\\' | '^' | '-') {
                text.push('\\');
            }
            text.push(character);
        }
        text
    }
}
