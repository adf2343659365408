//! Blobs in memory, whose bytes a test may change behind everybody's back.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use ports::{Blob, BlobEntry, BlobKey, BlobMeta, BlobStore, ByteStream, Error, Kind, Result};

/// A blob store that goes with the test.
#[derive(Clone, Default)]
pub struct MemoryBlobs(Arc<Mutex<BTreeMap<BlobKey, (u64, Bytes)>>>);

impl MemoryBlobs {
    /// Everything that is there.
    pub fn all(&self) -> BTreeMap<BlobKey, Bytes> {
        self.0.lock().unwrap().iter().map(|(key, (_, bytes))| (key.clone(), bytes.clone())).collect()
    }

    /// Puts bytes there, without ceremony.
    pub fn set(&self, key: &BlobKey, bytes: impl Into<Bytes>) {
        let mut blobs = self.0.lock().unwrap();
        let revision = blobs.get(key).map_or(0, |(revision, _)| revision + 1);
        blobs.insert(key.clone(), (revision, bytes.into()));
    }

    fn find(&self, key: &BlobKey) -> Result<(BlobMeta, Bytes)> {
        let blobs = self.0.lock().unwrap();
        let (revision, bytes) = blobs.get(key).ok_or_else(|| Error::new(Kind::NotFound, "blobs.get"))?;
        Ok((meta(key, *revision, bytes), bytes.clone()))
    }
}

fn meta(key: &BlobKey, revision: u64, bytes: &Bytes) -> BlobMeta {
    BlobMeta { key: key.clone(), size: bytes.len() as u64, etag: format!("{revision}-{}", bytes.len()) }
}

#[async_trait]
impl BlobStore for MemoryBlobs {
    async fn put(&self, key: &BlobKey, content: ByteStream<'_>) -> Result<BlobMeta> {
        let pieces: Vec<Bytes> = content.try_collect().await?;
        self.set(key, pieces.concat());
        self.head(key).await
    }

    async fn get(&self, key: &BlobKey, range: Option<Range<u64>>) -> Result<Blob> {
        const PIECE: usize = 64 * 1024;
        let (meta, bytes) = self.find(key)?;
        let inside = |at: u64| usize::try_from(at.min(meta.size)).unwrap();
        let range = range.map_or(0..bytes.len(), |range| inside(range.start)..inside(range.end));
        let wanted = if range.start < range.end { bytes.slice(range) } else { Bytes::new() };
        let (blobs, key, etag) = (self.clone(), key.clone(), meta.etag.clone());
        let pieces = (0..wanted.len()).step_by(PIECE).map(move |at| {
            if blobs.find(&key)?.0.etag != etag {
                return Err(Error::new(Kind::Precondition, "blobs.get"));
            }
            Ok(wanted.slice(at..wanted.len().min(at + PIECE)))
        });
        Ok(Blob { meta, content: stream::iter(pieces).boxed() })
    }

    async fn head(&self, key: &BlobKey) -> Result<BlobMeta> {
        Ok(self.find(key)?.0)
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }

    fn list(&self, below: Option<&BlobKey>) -> BoxStream<'static, Result<BlobEntry>> {
        let folder = below.map_or_else(String::new, |key| format!("{key}/"));
        let blobs = self.0.lock().unwrap();
        let found = blobs.iter().filter(|(key, _)| key.as_str().starts_with(&folder));
        let entry = |(key, (_, bytes)): (&BlobKey, &(u64, Bytes))| {
            Ok(BlobEntry { key: key.clone(), size: bytes.len() as u64 })
        };
        stream::iter(found.map(entry).collect::<Vec<_>>()).boxed()
    }

    async fn check(&self) -> Result<()> {
        Ok(())
    }
}
