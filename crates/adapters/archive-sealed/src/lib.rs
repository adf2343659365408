//! Archives in a blob store: one stream of content, compressed, encrypted, cut into parts, with a manifest that is
//! written last. Backups and exports are archives.
//!
//! ```text
//! content ─ zstd ─ chunks of AES-256-GCM (chunks.rs) ─ parts (parts.rs) ─┐
//!                                                       manifest (manifest.rs)
//! ```
//!
//! **Invariant:** plain content is never written anywhere, and neither side holds more than a few chunks of it. An
//! archive without a manifest is none. It does not know what the content is.

mod chunks;
mod manifest;
mod parts;
mod pipe;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::sync::Arc;

use domain::KeyPurpose;
use futures_util::TryStreamExt;
use ports::{BlobKey, BlobStore, ByteStream, Clock, Error, Kind, Random, Result, Sealer};
use secrecy::zeroize::Zeroizing;

use crate::chunks::{Opening, Sealing};
pub use crate::manifest::{Manifest, Part};

/// What the content is compressed to fits into memory many times over; more effort gains little.
const LEVEL: i32 = 3;
const PIECE: usize = 128 * 1024;

/// The archives of one place.
pub struct Archives {
    store: Arc<dyn BlobStore>,
    sealer: Arc<dyn Sealer>,
    random: Arc<dyn Random>,
    clock: Arc<dyn Clock>,
}

/// What an archive is to be.
pub struct NewArchive {
    /// What kind of content it is, in one word.
    pub kind: &'static str,
    /// Name and version of the program that writes it.
    pub program: String,
    /// What the reader of the content has to know first.
    pub about: serde_json::Value,
    /// Sealed under the master key, or readable by anybody: then it is not compressed either.
    pub sealed: bool,
    /// The size of a part at most, in bytes.
    pub part_bytes: u64,
}

/// One entry of [`Archives::list`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name; names sort by time.
    pub name: String,
    /// What it takes, in bytes.
    pub stored_bytes: u64,
    /// Whether it has a manifest. One that has none was cut short, or is still being written.
    pub complete: bool,
}

impl Archives {
    /// The archives in a store.
    pub fn new(
        store: Arc<dyn BlobStore>,
        sealer: Arc<dyn Sealer>,
        random: Arc<dyn Random>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, sealer, random, clock }
    }

    /// Writes an archive. If anything fails, what has been written of it is removed again, and there is no manifest.
    ///
    /// # Errors
    /// Those of the content and of the store.
    pub async fn write(&self, new: NewArchive, content: ByteStream<'static>) -> Result<Manifest> {
        let started_at = self.clock.now();
        let mut suffix = [0; 4];
        self.random.fill(&mut suffix)?;
        let suffix = u32::from_be_bytes(suffix);
        let name = format!("{}-{suffix:08x}", started_at.format("%Y%m%dT%H%M%SZ"));
        let folder = BlobKey::parse(&name)?;
        let secret = new.sealed.then(|| self.new_secret()).transpose()?;
        let (content, counted) = pipe::counted(content);
        let stored = match &secret {
            Some(secret) => pipe::through(content, sealing(self.content_key(&secret.plain), name.clone())),
            None => content,
        };
        let written = async {
            let parts = parts::write(self.store.as_ref(), &folder, stored, new.part_bytes).await?;
            let manifest = Manifest {
                format: manifest::FORMAT,
                name,
                kind: new.kind.to_owned(),
                program: new.program,
                about: new.about,
                started_at,
                finished_at: self.clock.now(),
                content_bytes: counted.get(),
                parts,
                key: secret.as_ref().map(|secret| manifest::encode(&secret.sealed)),
            };
            let document = manifest.to_document(self.seal_of(secret.as_ref().map(|secret| &secret.plain)))?;
            self.store.put(&folder.join(manifest::NAME)?, pipe::once(document)).await?;
            Ok(manifest)
        };
        match written.await {
            Ok(manifest) => Ok(manifest),
            Err(error) => {
                self.remove(&folder).await;
                Err(error)
            }
        }
    }

    /// All archives, oldest first, also those that were cut short.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self) -> Result<Vec<Listed>> {
        let mut found = BTreeMap::new();
        let mut blobs = self.store.list(None);
        while let Some(blob) = blobs.try_next().await? {
            let Some((name, file)) = blob.key.as_str().split_once('/') else { continue };
            if file != manifest::NAME && !parts::is_name(file) {
                continue;
            }
            let one = found.entry(name.to_owned()).or_insert_with(|| Listed {
                name: name.to_owned(),
                stored_bytes: 0,
                complete: false,
            });
            one.stored_bytes += blob.size;
            one.complete |= file == manifest::NAME;
        }
        Ok(found.into_values().collect())
    }

    /// The manifest of an archive, proven to be what was written under this master key.
    ///
    /// # Errors
    /// `NotFound` when there is no such archive, or it was cut short; `Internal` when its manifest was changed or
    /// moved, is of a newer format, or was sealed under another master key; those of the store.
    pub async fn manifest(&self, name: &str) -> Result<Manifest> {
        let key = BlobKey::parse(name)?.join(manifest::NAME)?;
        let blob = self.store.get(&key, None).await?;
        let document = pipe::collected(blob, manifest::MAX_BYTES).await?;
        let (manifest, seal) = Manifest::from_document(&document)?;
        let secret = self.secret_of(&manifest)?;
        if !manifest::is_genuine(&seal, &self.seal_of(secret.as_ref())(document.as_slice())) {
            return Err(damaged("its manifest was changed"));
        }
        if manifest.name != name {
            return Err(damaged(format!("its manifest is the one of {}", manifest.name)));
        }
        Ok(manifest)
    }

    /// The content of an archive. It is whole and unchanged only if the stream ends without an error.
    ///
    /// # Errors
    /// `Internal` when the data key can't be opened. The stream's: `Internal` when a part is missing, was changed,
    /// cut, or changed places; those of the store.
    pub fn read(&self, manifest: &Manifest) -> Result<ByteStream<'static>> {
        let folder = BlobKey::parse(&manifest.name)?;
        let stored = parts::read(Arc::clone(&self.store), folder, manifest.parts.clone());
        Ok(match self.secret_of(manifest)? {
            Some(secret) => pipe::through(stored, opening(self.content_key(&secret), manifest.name.clone())),
            None => stored,
        })
    }

    /// Reads all of it, and keeps nothing.
    ///
    /// # Errors
    /// As [`Archives::read`].
    pub async fn verify(&self, manifest: &Manifest) -> Result<()> {
        let mut content = self.read(manifest)?;
        let mut bytes = 0;
        while let Some(piece) = content.try_next().await? {
            bytes += piece.len() as u64;
        }
        if bytes == manifest.content_bytes { Ok(()) } else { Err(damaged("its content has another size")) }
    }

    /// What is left then is listed as cut short: it is the error before that counts.
    async fn remove(&self, folder: &BlobKey) {
        let mut blobs = self.store.list(Some(folder));
        while let Ok(Some(blob)) = blobs.try_next().await {
            let _ = self.store.delete(&blob.key).await;
        }
    }

    fn new_secret(&self) -> Result<Secret> {
        let mut plain = Zeroizing::new(vec![0; 32]);
        self.random.fill(&mut plain)?;
        Ok(Secret { sealed: self.sealer.seal(KeyPurpose::Archive, &plain)?, plain })
    }

    fn secret_of(&self, manifest: &Manifest) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let sealed = manifest.key.as_deref().map(manifest::decode).transpose()?;
        let open = |sealed: Vec<u8>| self.sealer.open(KeyPurpose::Archive, &sealed).map(Zeroizing::new);
        sealed.map(open).transpose()
    }

    fn content_key(&self, secret: &[u8]) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.sealer.derive(secret, &[b"mainstay archive content v1"]))
    }

    /// How a manifest is sealed: keyed if the archive is, else a checksum.
    fn seal_of<'a>(&'a self, secret: Option<&'a Zeroizing<Vec<u8>>>) -> impl Fn(&[u8]) -> [u8; 32] + 'a {
        move |document| {
            let first = manifest::sealed_part(document);
            match secret {
                Some(secret) => self.sealer.derive(secret, &[b"mainstay archive manifest v1", first]),
                None => self.sealer.digest(first),
            }
        }
    }
}

/// The key of one archive.
struct Secret {
    plain: Zeroizing<Vec<u8>>,
    sealed: Vec<u8>,
}

fn sealing(
    key: Zeroizing<[u8; 32]>,
    name: String,
) -> impl FnOnce(pipe::Source, pipe::Sink) -> pipe::Done + Send {
    move |mut source, sink| {
        let mut zstd = zstd::Encoder::new(Sealing::new(sink, &key, &name)?, LEVEL)?;
        std::io::copy(&mut source, &mut zstd)?;
        zstd.finish()?.finish()
    }
}

fn opening(
    key: Zeroizing<[u8; 32]>,
    name: String,
) -> impl FnOnce(pipe::Source, pipe::Sink) -> pipe::Done + Send {
    move |source, sink| {
        let mut zstd = zstd::Decoder::new(Opening::new(source, &key, &name)?)?;
        let mut sink = BufWriter::with_capacity(PIECE, sink);
        std::io::copy(&mut zstd, &mut sink)?;
        sink.flush()
    }
}

/// An archive that is not what was written.
fn damaged(how: impl Into<String>) -> Error {
    Error::with(Kind::Internal, "archive.read", format!("the archive can't be trusted: {}", how.into()))
}
