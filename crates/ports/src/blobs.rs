//! Large content under short names: files, exports, backups.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::{Error, Kind, Result};

/// Content in pieces. After an error nothing follows.
pub type ByteStream<'a> = BoxStream<'a, Result<Bytes>>;

/// The name of a blob: one or more segments with `/` between them, 1024 bytes at most. A segment has 1 to 200 of
/// `A–Z a–z 0–9 . _ = -` and is neither `.` nor `..`; such a name needs no escaping in a URL or a file system,
/// and leads nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobKey(String);

impl BlobKey {
    /// The longest key that object stores take.
    const MAX: usize = 1024;
    /// Leaves room for what a file system adapter adds while it writes; file systems stop at 255.
    const MAX_SEGMENT: usize = 200;

    /// Takes a text that is a key.
    ///
    /// # Errors
    /// `Precondition` when it is none.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() <= Self::MAX && text.split('/').all(is_segment) {
            Ok(Self(text.to_owned()))
        } else {
            let rule = format!("{text:?} is no key: segments of A-Z a-z 0-9 . _ = - with / between them");
            Err(Error::with(Kind::Precondition, "blobs.key", rule))
        }
    }

    /// The key one or more segments further down.
    ///
    /// # Errors
    /// `Precondition` when that is none.
    pub fn join(&self, below: &str) -> Result<Self> {
        Self::parse(&format!("{self}/{below}"))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_segment(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._=-".contains(&byte);
    (1..=BlobKey::MAX_SEGMENT).contains(&text.len()) && text.bytes().all(plain) && text != "." && text != ".."
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is known of a blob without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobMeta {
    /// Its name.
    pub key: BlobKey,
    /// Bytes.
    pub size: u64,
    /// Another one for another content; opaque otherwise.
    pub etag: String,
}

/// A blob as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobEntry {
    /// Its name.
    pub key: BlobKey,
    /// Bytes.
    pub size: u64,
}

/// A blob that is being read.
pub struct Blob {
    /// Of the whole blob, also when only a range was asked for.
    pub meta: BlobMeta,
    /// The bytes asked for.
    pub content: ByteStream<'static>,
}

/// Where blobs lie. Content streams in both directions in bounded memory, whatever its size.
///
/// A key must not be the folder of another (`a` and `a/b`): whether both can be had is up to the adapter.
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Writes a blob, and replaces what was there under that key. It becomes visible as a whole, once the stream
    /// has ended and the content is durable. If the stream gives an error, that error is returned; then, and if
    /// the call is dropped, nothing becomes visible, and what was there stays.
    ///
    /// # Errors
    /// `Unavailable`; `Internal` when the store refuses (credentials, a missing bucket, a full disk).
    async fn put(&self, key: &BlobKey, content: ByteStream<'_>) -> Result<BlobMeta>;

    /// Reads a blob, or the part of it that lies in `range` (past the end there is nothing). A blob that is
    /// replaced meanwhile ends the stream with an error: contents are never mixed.
    ///
    /// # Errors
    /// `NotFound`; `Unavailable`; `Internal` when the store refuses. The stream's: the same, and `Precondition`
    /// for a blob that was replaced.
    async fn get(&self, key: &BlobKey, range: Option<Range<u64>>) -> Result<Blob>;

    /// What is known of a blob.
    ///
    /// # Errors
    /// `NotFound`; `Unavailable`; `Internal` when the store refuses.
    async fn head(&self, key: &BlobKey) -> Result<BlobMeta>;

    /// Removes a blob. Deleting a missing one succeeds.
    ///
    /// # Errors
    /// `Unavailable`; `Internal` when the store refuses.
    async fn delete(&self, key: &BlobKey) -> Result<()>;

    /// All blobs below a key (`a` has `a/b` and `a/b/c` below it, not `a` or `ab`), or all there are, in no
    /// particular order, page by page. Objects that no key could name are left out.
    ///
    /// # Errors
    /// The stream's: `Unavailable`; `Internal` when the store refuses.
    fn list(&self, below: Option<&BlobKey>) -> BoxStream<'static, Result<BlobEntry>>;

    /// Answers when the store is there and lets us in.
    ///
    /// # Errors
    /// `Unavailable` when it does not answer; `Internal` when it refuses.
    async fn check(&self) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::BlobKey;

    #[test]
    fn keys_lead_nowhere_else() {
        for text in ["a", "a/b", "2026-11-21/part-00001", "a..b", ".hidden", "x=1/y_2"] {
            assert_eq!(BlobKey::parse(text).unwrap().as_str(), text);
        }
        let long = "a".repeat(201);
        let longest = vec!["a".repeat(200); 6].join("/");
        for text in [
            "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\\b", "a b", "a#1", "a%2e",
            "ä", "a\0b", "a\nb", "~", &long, &longest,
        ] {
            assert!(BlobKey::parse(text).is_err(), "{text:?}");
        }
        let key = BlobKey::parse("a").unwrap();
        assert_eq!(key.join("b/c").unwrap().as_str(), "a/b/c");
        assert!(key.join("..").is_err() && key.join("").is_err() && key.join("/b").is_err());
    }
}
