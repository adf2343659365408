//! One stream as blobs of a bounded size, and back. Parts are cut wherever the size is reached.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use ports::{BlobKey, BlobStore, ByteStream, Kind, Result};

use crate::damaged;
use crate::manifest::{Part, hex};

const PREFIX: &str = "part-";

/// Whether a file of an archive is a part.
pub(crate) fn is_name(file: &str) -> bool {
    file.starts_with(PREFIX)
}

/// Writes all of it; there is always one part.
pub(crate) async fn write(
    store: &dyn BlobStore,
    folder: &BlobKey,
    content: ByteStream<'static>,
    part_bytes: u64,
) -> Result<Vec<Part>> {
    let mut rest = Rest { content, piece: Bytes::new() };
    let mut parts = Vec::new();
    loop {
        let name = format!("{PREFIX}{:06}", parts.len() + 1);
        let mut cut = Cut { rest: &mut rest, left: part_bytes.max(1), hash: Context::new(&SHA256), bytes: 0 };
        let pieces =
            stream::try_unfold(&mut cut, async |cut| Ok(cut.next().await?.map(|piece| (piece, cut))));
        store.put(&folder.join(&name)?, pieces.boxed()).await?;
        fail::fail_point!("backup.after-part", |_| std::process::abort());
        parts.push(Part { name, bytes: cut.bytes, sha256: hex(cut.hash.finish().as_ref()) });
        if !rest.has_more().await? {
            return Ok(parts);
        }
    }
}

/// What has not been written.
struct Rest {
    content: ByteStream<'static>,
    piece: Bytes,
}

impl Rest {
    async fn has_more(&mut self) -> Result<bool> {
        while self.piece.is_empty() {
            match self.content.try_next().await? {
                Some(piece) => self.piece = piece,
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

/// The part that is being written.
struct Cut<'a> {
    rest: &'a mut Rest,
    left: u64,
    hash: Context,
    bytes: u64,
}

impl Cut<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.left == 0 || !self.rest.has_more().await? {
            return Ok(None);
        }
        let fits = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.rest.piece.len());
        let piece = self.rest.piece.split_to(fits);
        self.left -= piece.len() as u64;
        self.bytes += piece.len() as u64;
        self.hash.update(&piece);
        Ok(Some(piece))
    }
}

/// Reads the parts one after the other, and compares each with what the manifest says of it.
pub(crate) fn read(store: Arc<dyn BlobStore>, folder: BlobKey, parts: Vec<Part>) -> ByteStream<'static> {
    let read = move |part: Part| {
        let (store, folder) = (Arc::clone(&store), folder.clone());
        async move {
            let found = store.get(&folder.join(&part.name)?, None).await;
            let blob = found.map_err(|error| match error.kind() {
                Kind::NotFound => damaged(format!("{} is missing", part.name)),
                _ => error,
            })?;
            if blob.meta.size != part.bytes {
                return Err(damaged(format!("{} has another size", part.name)));
            }
            Ok(checked(blob.content, part))
        }
    };
    stream::iter(parts).then(read).try_flatten().boxed()
}

fn checked(content: ByteStream<'static>, part: Part) -> ByteStream<'static> {
    let state = (content, Context::new(&SHA256), part);
    let next = async |(mut content, mut hash, part): (ByteStream<'static>, Context, Part)| match content
        .try_next()
        .await?
    {
        Some(piece) => {
            hash.update(&piece);
            Ok(Some((piece, (content, hash, part))))
        }
        None if hex(hash.finish().as_ref()) == part.sha256 => Ok(None),
        None => Err(damaged(format!("{} was changed", part.name))),
    };
    stream::try_unfold(state, next).boxed()
}
