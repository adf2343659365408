//! What may be forgotten at any moment: values kept for a while, counters, and the word that something has changed.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Allowance, Quota, Result};

/// Under which name a value is kept, and which tags take it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheKey {
    name: String,
    tags: Vec<String>,
}

impl CacheKey {
    /// A name without tags.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), tags: Vec::new() }
    }

    /// The same with one more tag. Tags belong to the key: whoever asks names the same ones as whoever wrote.
    #[must_use]
    pub fn tagged(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tags, in the order they were given.
    pub fn tags(&self) -> &[String] {
        &self.tags
    }
}

/// How the tags of a key stood when it was looked up. Opaque, a few bytes, made and understood by one adapter.
///
/// Taken before a value is read at its source and handed back with the value, it is what keeps a slow reader from
/// writing what was invalidated meanwhile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp(Bytes);

/// Length of a stamp's own length in a frame.
const LENGTH: usize = 2;

impl Stamp {
    /// What an adapter wants to find again.
    ///
    /// What is longer than 65,535 bytes is cut, and will not match.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        let mut bytes = bytes.into();
        bytes.truncate(usize::from(u16::MAX));
        Self(bytes)
    }

    /// A value and its stamp as one piece, for adapters that keep them together.
    pub fn frame(&self, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(self.0.len()).unwrap_or(u16::MAX);
        [&length.to_be_bytes()[..], &self.0, value].concat()
    }

    /// Takes such a piece apart. `None` when it is none.
    pub fn unframe(framed: &Bytes) -> Option<(Self, Bytes)> {
        let length = usize::from(u16::from_be_bytes(*framed.first_chunk::<LENGTH>()?));
        let end = LENGTH.checked_add(length).filter(|end| *end <= framed.len())?;
        Some((Self(framed.slice(LENGTH..end)), framed.slice(end..)))
    }
}

/// A value that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The value.
    pub value: Bytes,
    /// For how long it will be kept at most.
    pub left: Duration,
}

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The value, if there is one.
    pub hit: Option<Hit>,
    /// To be handed back with a newer value.
    pub stamp: Stamp,
}

/// What a counter shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The sum.
    pub total: u64,
    /// Until it starts again at zero.
    pub left: Duration,
}

/// Names by wildcard: `*` stands for any characters, also none; every other character for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachePattern(String);

impl CachePattern {
    /// A pattern; any text is one.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// Everything.
    pub fn all() -> Self {
        Self::new("*")
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a name is meant. Takes at most as many steps as pattern and name are long, multiplied.
    pub fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            match rest.split_once(part) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        true
    }
}

/// What a cache can do beyond the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheCapabilities {
    /// Whether other processes see what this one keeps.
    pub shared: bool,
}

/// Messages of one channel, from the moment it was subscribed to.
#[async_trait]
pub trait Subscription: Send {
    /// The next message. Being dropped while it waits loses none.
    ///
    /// # Errors
    /// `Unavailable` once messages may have been missed. The subscription is over then: whoever acted on its
    /// messages has to assume the worst and subscribe again.
    async fn next(&mut self) -> Result<Bytes>;
}

/// Keeps what can be had again from its source.
///
/// Every method answers `Unavailable`, and soon, while the cache is away; the adapter reconnects by itself. What a
/// caller does then is the same everywhere: it reads at the source. Nothing here may decide alone whether somebody
/// is let in; what is stored under a lifetime may be older than its source by that lifetime at worst.
#[async_trait]
pub trait Cache: Send + Sync {
    /// Looks for a value. Finds none once its time is over, or a tag of its key was invalidated after the stamp it
    /// was written with. A miss may happen at any time.
    ///
    /// # Errors
    /// `Unavailable`: read at the source.
    async fn get(&self, key: &CacheKey) -> Result<Lookup>;

    /// Keeps a value for `ttl`, in place of what was there. With the stamp of an earlier [`Cache::get`] of this key
    /// it is never found if a tag was invalidated since; without one the tags count as they stand now.
    ///
    /// # Errors
    /// `Unavailable`: it may or may not be kept.
    async fn set(&self, key: &CacheKey, value: &[u8], ttl: Duration, stamp: Option<&Stamp>) -> Result<()>;

    /// Forgets a value or a counter. Forgetting what is not there succeeds.
    ///
    /// # Errors
    /// `Unavailable`: not yet forgotten, but it will be before this process finds it again.
    async fn delete(&self, name: &str) -> Result<()>;

    /// Forgets all whose names match. What is written meanwhile may stay. Does not block others, however many names
    /// there are.
    ///
    /// # Errors
    /// As [`Cache::delete`].
    async fn delete_matching(&self, pattern: &CachePattern) -> Result<()>;

    /// Forgets all values whose keys have one of the tags, those included that somebody has looked up and not yet
    /// written. To be called after the commit of what they were made of.
    ///
    /// # Errors
    /// As [`Cache::delete`]. Processes that reach the cache meanwhile may find the old value until its time is over.
    async fn invalidate(&self, tags: &[&str]) -> Result<()>;

    /// Adds to a counter; concurrent calls all count. The first one starts it at zero and sets when it starts again,
    /// which later ones do not change.
    ///
    /// # Errors
    /// `Conflict` when the name holds a value that is no number; `Unavailable`: it may or may not have counted.
    async fn increment(&self, name: &str, by: u64, ttl: Duration) -> Result<Count>;

    /// Asks for `count` more under a quota, in one step and by the cache's own clock: of concurrent calls no more are
    /// granted than the quota lets. Refused ones cost nothing, and asking for none only looks. What is known under a name
    /// is forgotten once all has come back.
    ///
    /// # Errors
    /// `Conflict` when the name holds something else; `Unavailable`: it may or may not have been counted.
    async fn ask(&self, name: &str, quota: Quota, count: u32) -> Result<Allowance>;

    /// Replaces `expected` (`None`: nothing is there) with `new` (`None`: nothing) in one step, and keeps it for
    /// `ttl`. False when something else is there. Of several callers who expect the same, one wins. Values written
    /// with tags never equal what is expected.
    ///
    /// # Errors
    /// `Unavailable`: it may or may not have been replaced, so that nobody may be let in on the strength of it.
    async fn compare_and_set(
        &self,
        name: &str,
        expected: Option<&[u8]>,
        new: Option<&[u8]>,
        ttl: Duration,
    ) -> Result<bool>;

    /// Tells all subscribers of a channel, in every process where the cache is shared.
    ///
    /// # Errors
    /// `Unavailable`: they may or may not have been told.
    async fn publish(&self, channel: &str, message: &[u8]) -> Result<()>;

    /// Listens to a channel. Messages published after this has returned arrive, in the publisher's order.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn subscribe(&self, channel: &str) -> Result<Box<dyn Subscription>>;

    /// Answers when the cache answers.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    async fn check(&self) -> Result<()>;

    /// What is optional.
    fn capabilities(&self) -> CacheCapabilities;
}
