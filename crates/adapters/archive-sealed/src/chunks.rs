//! Authenticated encryption of a stream: chunks of AES-256-GCM, after the STREAM construction (Hoang, Reyhanitabar,
//! Rogaway, Vizár: "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015, section 7).
//!
//! The nonce of a chunk is its number (64 bits, big-endian), three zero bytes, and 1 for the last chunk, else 0: a
//! chunk opens only at its place, and only the last one opens as the last. So nothing can be left out, added, swapped
//! or cut off. A key serves one stream, so no nonce comes twice. The archive's name is authenticated with each chunk.

use std::io::{self, Read, Write};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// What a chunk holds, before its tag. Each but the last is full.
pub(crate) const CHUNK: usize = 64 * 1024;
pub(crate) const TAG: usize = 16;

/// A key, and where in the stream it is.
struct Cipher {
    key: LessSafeKey,
    name: String,
    number: u64,
}

impl Cipher {
    fn new(key: &[u8; 32], name: &str) -> io::Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(io::Error::other)?;
        Ok(Self { key: LessSafeKey::new(key), name: name.to_owned(), number: 0 })
    }

    fn nonce(&mut self, last: bool) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        nonce[..8].copy_from_slice(&self.number.to_be_bytes());
        nonce[NONCE_LEN - 1] = u8::from(last);
        self.number += 1;
        Nonce::assume_unique_for_key(nonce)
    }

    fn seal(&mut self, chunk: &mut Vec<u8>, last: bool) -> io::Result<()> {
        let nonce = self.nonce(last);
        let sealed = self.key.seal_in_place_append_tag(nonce, Aad::from(self.name.as_bytes()), chunk);
        sealed.map_err(io::Error::other)
    }

    fn open(&mut self, chunk: &mut Vec<u8>, last: bool) -> io::Result<()> {
        let nonce = self.nonce(last);
        let opened = self.key.open_in_place(nonce, Aad::from(self.name.as_bytes()), chunk);
        let length = opened.map_err(|_| damaged())?.len();
        chunk.truncate(length);
        Ok(())
    }
}

fn damaged() -> io::Error {
    io::Error::other(crate::damaged("its content was changed, cut, or put into another order"))
}

/// Seals what is written to it. [`Sealing::finish`] makes it whole.
pub(crate) struct Sealing<W> {
    inner: W,
    cipher: Cipher,
    chunk: Vec<u8>,
}

impl<W: Write> Sealing<W> {
    pub(crate) fn new(inner: W, key: &[u8; 32], name: &str) -> io::Result<Self> {
        Ok(Self { inner, cipher: Cipher::new(key, name)?, chunk: Vec::with_capacity(CHUNK + TAG) })
    }

    /// Writes the last chunk, which may be empty.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.put(true)?;
        self.inner.flush()
    }

    fn put(&mut self, last: bool) -> io::Result<()> {
        self.cipher.seal(&mut self.chunk, last)?;
        self.inner.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealing<W> {
    /// A full chunk waits until more comes: it may be the last.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.put(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// What is not a whole chunk can't be given on.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens what it reads. Its end is an end only if the last chunk was.
pub(crate) struct Opening<R> {
    inner: R,
    cipher: Cipher,
    opened: Vec<u8>,
    given: usize,
    /// One chunk ahead, because only what follows tells which one is the last.
    next: Vec<u8>,
}

impl<R: Read> Opening<R> {
    pub(crate) fn new(mut inner: R, key: &[u8; 32], name: &str) -> io::Result<Self> {
        let next = chunk_of(&mut inner)?;
        if next.is_empty() {
            return Err(damaged());
        }
        Ok(Self { inner, cipher: Cipher::new(key, name)?, opened: Vec::new(), given: 0, next })
    }

    fn open_next(&mut self) -> io::Result<()> {
        let following = chunk_of(&mut self.inner)?;
        self.opened = std::mem::replace(&mut self.next, following);
        self.given = 0;
        self.cipher.open(&mut self.opened, self.next.is_empty())
    }
}

impl<R: Read> Read for Opening<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.opened.len() {
            if self.next.is_empty() {
                return Ok(0);
            }
            self.open_next()?;
        }
        let given = into.len().min(self.opened.len() - self.given);
        into[..given].copy_from_slice(&self.opened[self.given..self.given + given]);
        self.given += given;
        Ok(given)
    }
}

fn chunk_of(inner: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(CHUNK + TAG);
    inner.take((CHUNK + TAG) as u64).read_to_end(&mut chunk)?;
    Ok(chunk)
}
