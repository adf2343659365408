//! What an asset's file says about itself, in comments in front of its statement:
//!
//! - `-- since: <migration>`: the first migration after which it can be applied. Always there.
//! - `-- requires: <kind>/<name>, …`: what has to be there before it.
//! - `-- when: <query>`: it is applied only where the query has a row.
//! - `-- drop: <statement>`: how to take it away, where `DROP <kind> IF EXISTS <name>` does not.

/// The comments that mean something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) since: &'static str,
    pub(super) requires: Vec<&'static str>,
    pub(super) when: Option<&'static str>,
    pub(super) drop: Option<&'static str>,
}

impl Header {
    pub(super) fn of(sql: &'static str) -> Self {
        let value = |key: &str| {
            let mut comments = sql.lines().map_while(|line| line.strip_prefix("-- "));
            comments.find_map(|comment| comment.strip_prefix(key)?.strip_prefix(": "))
        };
        let requires = value("requires").map(|names| names.split(", ").collect()).unwrap_or_default();
        Self { since: value("since").unwrap_or_default(), requires, when: value("when"), drop: value("drop") }
    }
}
