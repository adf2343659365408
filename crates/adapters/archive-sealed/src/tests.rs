//! Archives in memory, and everything that may be done to them behind our back.

mod damage;
mod round_trip;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use keys_sealed::AeadSealer;
use ports::{BlobKey, ByteStream, Chain, Result};
use serde_json::json;
use testkit::fakes::{FixedClock, MemoryBlobs, SeededRandom};

use crate::{Archives, Manifest, NewArchive};

/// An installation with a place for its archives.
struct Place {
    blobs: MemoryBlobs,
    archives: Archives,
}

impl Place {
    fn new() -> Self {
        Self::at(MemoryBlobs::default(), [1; 32])
    }

    fn at(blobs: MemoryBlobs, master_key: [u8; 32]) -> Self {
        let random = Arc::new(SeededRandom::default());
        let sealer = Arc::new(AeadSealer::new(vec![master_key], random.clone()).unwrap());
        let clock = Arc::new(FixedClock::default());
        let archives = Archives::new(Arc::new(blobs.clone()), sealer, random, clock);
        Self { blobs, archives }
    }

    async fn write(&self, content: &Bytes) -> Manifest {
        self.archives.write(archive(), pieces(content)).await.unwrap()
    }

    async fn read(&self, name: &str) -> Result<Bytes> {
        let manifest = self.archives.manifest(name).await?;
        let content = self.archives.read(&manifest)?;
        Ok(content.try_collect::<Vec<Bytes>>().await?.concat().into())
    }

    /// Why reading it is refused; it must be, in both ways of reading.
    async fn refusal(&self, name: &str) -> String {
        let verified = async { self.archives.verify(&self.archives.manifest(name).await?).await };
        assert!(verified.await.is_err(), "it was found to be well");
        Chain(&self.read(name).await.unwrap_err()).to_string()
    }
}

fn archive() -> NewArchive {
    let about = json!({ "engine": "sqlite" });
    NewArchive {
        kind: "test",
        program: "mainstay 1.2.3".to_owned(),
        about,
        sealed: true,
        part_bytes: 100_000,
    }
}

fn key(text: &str) -> BlobKey {
    BlobKey::parse(text).unwrap()
}

fn pieces(content: &Bytes) -> ByteStream<'static> {
    let pieces: Vec<_> = content.chunks(33_333).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces).boxed()
}

/// Bytes that don't get smaller.
fn noise(length: usize) -> Bytes {
    use ports::Random;
    let mut bytes = vec![0; length];
    SeededRandom::default().fill(&mut bytes).unwrap();
    bytes.into()
}
