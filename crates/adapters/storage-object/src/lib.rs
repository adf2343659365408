//! Blobs in a directory or in an S3 bucket, through one client for both.
//!
//! **Invariant:** no credential of a URL is in an error or a log line, and at most [`upload::IN_FLIGHT`] parts of
//! an upload, or one piece of a download, are in memory. It does not know what the blobs are.

mod connect;
mod error;
mod upload;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt};
use ports::{Blob, BlobEntry, BlobKey, BlobMeta, BlobStore, ByteStream, Error, Kind, Result, ResultExt};

use crate::error::{During, unusable};

/// How much of a blob is read at once. A request per piece keeps requests short, however slowly the reader goes on.
const PIECE: u64 = 4 * 1024 * 1024;

/// [`BlobStore`] over a directory or a bucket.
pub struct ObjectBlobStore {
    store: Arc<dyn ObjectStore>,
}

#[async_trait]
impl BlobStore for ObjectBlobStore {
    async fn put(&self, key: &BlobKey, content: ByteStream<'_>) -> Result<BlobMeta> {
        let written = upload::run(self.store.as_ref(), &path(key), content).await?;
        match written.etag {
            Some(etag) => Ok(BlobMeta { key: key.clone(), size: written.size, etag }),
            None => self.head(key).await,
        }
    }

    async fn get(&self, key: &BlobKey, range: Option<Range<u64>>) -> Result<Blob> {
        let meta = self.head(key).await?;
        let range = range.unwrap_or(0..meta.size);
        let reader = Reader {
            store: Arc::clone(&self.store),
            path: path(key),
            etag: meta.etag.clone(),
            left: range.start..range.end.min(meta.size),
        };
        let content = stream::try_unfold(reader, Reader::next).boxed();
        Ok(Blob { meta, content })
    }

    async fn head(&self, key: &BlobKey) -> Result<BlobMeta> {
        const OPERATION: &str = "blobs.head";
        let found = self.store.head(&path(key)).await.during(OPERATION)?;
        let etag = found.e_tag.ok_or_else(|| unusable(OPERATION, "it gives no entity tags"))?;
        Ok(BlobMeta { key: key.clone(), size: found.size, etag })
    }

    async fn delete(&self, key: &BlobKey) -> Result<()> {
        self.store.delete(&path(key)).await.during("blobs.delete").optional().map(|_| ())
    }

    fn list(&self, below: Option<&BlobKey>) -> BoxStream<'static, Result<BlobEntry>> {
        let found = self.store.list(below.map(path).as_ref()).map(|meta| meta.during("blobs.list"));
        // What somebody else put there under a name that no key could be is none of ours.
        let named = |meta: ObjectMeta| {
            BlobKey::parse(meta.location.as_ref()).ok().map(|key| BlobEntry { key, size: meta.size })
        };
        found.try_filter_map(move |meta| std::future::ready(Ok(named(meta)))).boxed()
    }

    async fn check(&self) -> Result<()> {
        self.store.list(None).try_next().await.during("blobs.check").map(|_| ())
    }
}

fn path(key: &BlobKey) -> Path {
    // A key has nothing that would be escaped.
    Path::from(key.as_str())
}

/// What is left of a download.
struct Reader {
    store: Arc<dyn ObjectStore>,
    path: Path,
    etag: String,
    left: Range<u64>,
}

impl Reader {
    async fn next(mut self) -> Result<Option<(bytes::Bytes, Self)>> {
        const OPERATION: &str = "blobs.get";
        if self.left.is_empty() {
            return Ok(None);
        }
        let end = self.left.end.min(self.left.start + PIECE);
        let options = GetOptions {
            if_match: Some(self.etag.clone()),
            range: Some(GetRange::Bounded(self.left.start..end)),
            ..GetOptions::default()
        };
        let found = self.store.get_opts(&self.path, options).await.during(OPERATION)?;
        // Not every server knows `If-Match`.
        if found.meta.e_tag.as_ref().is_some_and(|etag| *etag != self.etag) {
            return Err(Error::with(
                Kind::Precondition,
                OPERATION,
                "the blob was replaced while it was read",
            ));
        }
        let bytes = found.bytes().await.during(OPERATION)?;
        if bytes.len() as u64 != end - self.left.start {
            return Err(unusable(OPERATION, "it gave less than was asked for"));
        }
        self.left.start = end;
        Ok(Some((bytes, self)))
    }
}
