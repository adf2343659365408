//! What processes tell each other about revisions, so that a request need not ask the database for them.

use std::time::Duration;

use async_trait::async_trait;

use crate::Result;

/// Whose revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RevisionOf {
    /// A user's, by internal id.
    User(i64),
    /// That of the platform's policy.
    Platform,
    /// That of a tenant's policy, by internal id.
    Tenant(i64),
}

/// The right to write one revision, once: made and understood by one adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Of what.
    pub of: RevisionOf,
    /// Which right; nobody else has the same.
    pub ticket: String,
}

/// What is known of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It is this.
    At(i64),
    /// Nothing. Whoever reads it at its source from now on may write it here.
    Open(Place),
    /// Nothing, and somebody else is about to write it or to raise it: it is to be read at its source.
    Busy,
}

/// A raise under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raise {
    /// Of what.
    pub of: Vec<RevisionOf>,
    /// Whose; nobody else has the same.
    pub ticket: String,
}

/// Revisions as all processes see them, mirrored from the database for a moment.
///
/// The promise: once [`RevisionMirror::raised`] has succeeded, nobody is told a revision from before the raise, however
/// slowly somebody else has read it. What is lost (a crash, a flush) is not known, which costs a read at the source. A
/// server that comes back with an older state, or a second one that takes its place, may tell what is older by
/// [`RevisionMirror::memory`] at most; an adapter that can see that happen tells nothing for that long.
#[async_trait]
pub trait RevisionMirror: Send + Sync {
    /// What is known of each, in their order, in one round trip when all are known. Of several callers who find nothing,
    /// one gets the place.
    ///
    /// # Errors
    /// `Unavailable`: to be read at the source.
    async fn look(&self, of: &[RevisionOf]) -> Result<Vec<Seen>>;

    /// Writes what was read at the source after the look that gave the places. Nothing is written in a place that has
    /// been taken away meanwhile, by a raise or because [`RevisionMirror::memory`] has passed since the look.
    ///
    /// # Errors
    /// `Unavailable`: it may or may not be written.
    async fn fill(&self, places: &[(Place, i64)]) -> Result<()>;

    /// To be called before the commit of a raise, by one at a time for each revision: whoever looks is told nothing from
    /// here on, until [`RevisionMirror::raised`] or, after a crash, for as long as [`RevisionMirror::memory`].
    ///
    /// # Errors
    /// `Unavailable` when others may go on being told the former revision. The raise may go on.
    async fn raising(&self, raise: &Raise) -> Result<()>;

    /// To be called after the commit, and before anybody is told of it. What others have begun to raise since stays
    /// theirs.
    ///
    /// # Errors
    /// `Unavailable` when others may be told the former revision, for [`RevisionMirror::memory`] from the commit on.
    async fn raised(&self, raise: &Raise) -> Result<()>;

    /// A new ticket for a raise.
    ///
    /// # Errors
    /// `Unavailable` when there is no randomness.
    fn ticket(&self) -> Result<String>;

    /// For how long after a look what was read then is told at most.
    fn memory(&self) -> Duration;
}
