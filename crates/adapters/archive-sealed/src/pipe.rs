//! Between streams, which wait, and compression and encryption, which work: the latter get a thread, and a channel on
//! either side that holds a few pieces.
//!
//! An end is told, never guessed: a channel that just closes is a failure, so that a source that was cut short can't
//! become an archive that looks whole.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use ports::{Blob, ByteStream, Error, Kind, Result};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::damaged;

const PIECES: usize = 4;

/// What the work of a pipe comes to.
pub(crate) type Done = io::Result<()>;

/// `None` is the end.
type Item = Option<Result<Bytes>>;

/// What a pipe reads from.
pub(crate) struct Source {
    receiver: mpsc::Receiver<Item>,
    piece: Bytes,
    ended: bool,
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.ended {
            match self.receiver.blocking_recv() {
                Some(Some(Ok(piece))) => self.piece = piece,
                Some(Some(Err(error))) => return Err(io::Error::other(error)),
                Some(None) => self.ended = true,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let given = into.len().min(self.piece.len());
        into[..given].copy_from_slice(&self.piece.split_to(given));
        Ok(given)
    }
}

/// What a pipe writes to.
pub(crate) struct Sink(mpsc::Sender<Item>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Some(Ok(Bytes::copy_from_slice(bytes))));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the work makes of a stream. Dropping it ends the work.
pub(crate) fn through(
    content: ByteStream<'static>,
    work: impl FnOnce(Source, Sink) -> Done + Send + 'static,
) -> ByteStream<'static> {
    let (to_work, receiver) = mpsc::channel(PIECES);
    let (sender, from_work) = mpsc::channel(PIECES);
    let feeding = AbortOnDropHandle::new(tokio::spawn(feed(content, to_work)));
    tokio::task::spawn_blocking(move || {
        let source = Source { receiver, piece: Bytes::new(), ended: false };
        let end = match work(source, Sink(sender.clone())) {
            Ok(()) => None,
            Err(error) => Some(Err(error.downcast::<Error>().unwrap_or_else(failed))),
        };
        // Nobody may be there any more.
        let _ = sender.blocking_send(end);
    });
    let next = async |(mut from_work, feeding): (mpsc::Receiver<Item>, _)| match from_work.recv().await {
        Some(Some(piece)) => Ok(Some((piece?, (from_work, feeding)))),
        Some(None) => Ok(None),
        None => Err(failed(io::ErrorKind::UnexpectedEof.into())),
    };
    stream::try_unfold((from_work, feeding), next).boxed()
}

async fn feed(mut content: ByteStream<'static>, to_work: mpsc::Sender<Item>) {
    loop {
        let item = content.next().await;
        let ended = !matches!(item, Some(Ok(_)));
        if to_work.send(item).await.is_err() || ended {
            return;
        }
    }
}

fn failed(error: io::Error) -> Error {
    Error::with(Kind::Internal, "archive.pipe", error)
}

/// How much has gone through so far.
pub(crate) struct Counter(Arc<AtomicU64>);

impl Counter {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The same stream, counted.
pub(crate) fn counted(content: ByteStream<'static>) -> (ByteStream<'static>, Counter) {
    let bytes = Arc::new(AtomicU64::new(0));
    let counter = Counter(Arc::clone(&bytes));
    let count = move |piece: &Bytes| {
        bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
    };
    (content.inspect_ok(count).boxed(), counter)
}

/// A stream of one piece.
pub(crate) fn once(bytes: Vec<u8>) -> ByteStream<'static> {
    stream::iter([Ok(Bytes::from(bytes))]).boxed()
}

/// All of a blob that must be small.
pub(crate) async fn collected(blob: Blob, max: u64) -> Result<Vec<u8>> {
    if blob.meta.size > max {
        return Err(damaged("its manifest is too large"));
    }
    Ok(blob.content.try_collect::<Vec<Bytes>>().await?.concat())
}
