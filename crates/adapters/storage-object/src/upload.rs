//! Sending: small content in one request, anything larger in parts.

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use ports::{ByteStream, Result};
use tokio::task::JoinSet;

use crate::error::{During, unusable};

const OPERATION: &str = "blobs.put";
/// S3 takes parts from 5 MiB on, and 10,000 of them: 80 GB.
const PART: usize = 8 * 1024 * 1024;
/// Parts on their way at once.
pub(crate) const IN_FLIGHT: usize = 3;

/// What has been written.
pub(crate) struct Written {
    pub(crate) size: u64,
    pub(crate) etag: Option<String>,
}

/// Sends all of it, or leaves nothing behind.
pub(crate) async fn run(store: &dyn ObjectStore, path: &Path, content: ByteStream<'_>) -> Result<Written> {
    let mut parts = Parts { content, rest: Bytes::new(), sent: 0, ended: false };
    let first = parts.next().await?;
    let sent = if parts.ended {
        store.put(path, first).await.during(OPERATION)?
    } else {
        let begun = store.put_multipart(path).await.during(OPERATION)?;
        let mut upload = Upload(Some(begun));
        match send_all(&mut upload, first, &mut parts).await {
            Ok(sent) => sent,
            Err(error) => {
                upload.abort().await;
                return Err(error);
            }
        }
    };
    Ok(Written { size: parts.sent, etag: sent.e_tag })
}

async fn send_all(
    upload: &mut Upload,
    first: PutPayload,
    parts: &mut Parts<'_>,
) -> Result<object_store::PutResult> {
    let mut sending = JoinSet::new();
    let mut next = first;
    loop {
        sending.spawn(upload.running()?.put_part(next));
        if parts.ended {
            break;
        }
        if sending.len() >= IN_FLIGHT {
            one_of(&mut sending).await?;
        }
        next = parts.next().await?;
    }
    while !sending.is_empty() {
        one_of(&mut sending).await?;
    }
    let completed = upload.running()?.complete().await.during(OPERATION)?;
    upload.0 = None;
    Ok(completed)
}

async fn one_of(sending: &mut JoinSet<object_store::Result<()>>) -> Result<()> {
    match sending.join_next().await {
        Some(Ok(sent)) => sent.during(OPERATION),
        Some(Err(_)) => Err(unusable(OPERATION, "its client panicked")),
        None => Ok(()),
    }
}

/// Content, cut into parts of one size.
struct Parts<'a> {
    content: ByteStream<'a>,
    rest: Bytes,
    sent: u64,
    ended: bool,
}

impl Parts<'_> {
    /// As much as makes a part. Only the last one has less, and may have nothing.
    async fn next(&mut self) -> Result<PutPayload> {
        let mut pieces = Vec::new();
        let mut missing = PART;
        while missing > 0 {
            if self.rest.is_empty() {
                let Some(piece) = self.content.try_next().await? else {
                    self.ended = true;
                    break;
                };
                self.rest = piece;
            }
            let piece = self.rest.split_to(missing.min(self.rest.len()));
            missing -= piece.len();
            self.sent += piece.len() as u64;
            pieces.push(piece);
        }
        Ok(pieces.into_iter().collect())
    }
}

/// An upload that is called off unless it was completed, also when nobody waits for it any more.
struct Upload(Option<Box<dyn MultipartUpload>>);

impl Upload {
    fn running(&mut self) -> Result<&mut Box<dyn MultipartUpload>> {
        self.0.as_mut().ok_or_else(|| unusable(OPERATION, "the upload has ended"))
    }

    /// Parts that stay behind are invisible: it is a matter of tidiness, and the error before is the one that counts.
    async fn abort(&mut self) {
        if let Some(mut upload) = self.0.take() {
            let _ = upload.abort().await;
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let (Some(mut upload), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move { upload.abort().await });
        }
    }
}
