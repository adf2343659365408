//! AES-256-GCM for values in rows, and the HMAC they are found by.
//!
//! An encrypted value is `1 | generation of the key (4, big-endian) | nonce (12) | ciphertext and tag (16)`; an
//! index is `generation (4) | the first 16 bytes of an HMAC-SHA-256`. Both therefore sort by generation. Table,
//! column and row are associated data. Nonces are random: rotate a key before it has written 2³² values (NIST SP
//! 800-38D, section 8.3).

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use domain::Timestamp;
use ports::{Clock, ColumnCipher, ColumnKey, ColumnKeys, Error, Floor, Kind, Random, Result, SealedColumn};
use secrecy::zeroize::Zeroizing;
use uuid::Uuid;

use crate::sealer::mac;

const VERSION: u8 = 1;
/// A value under a key of somebody's own: `2 | nonce (12) | ciphertext and tag (16)`.
const UNDER: u8 = 2;
/// 128 bits: nobody meets a collision by chance, and the database's index is half as large. Shorter would make
/// every look-up fetch and decrypt strangers' rows.
const INDEX_LEN: usize = 16;
const LABEL: &[u8] = b"mainstay column v1";

/// How long the keys are good for.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Nothing is written when the keys were installed longer ago. Shorter than the time between publishing a
    /// key and writing with it, so that nobody writes with a key of which others believe that nobody does.
    pub oldest: Duration,
}

/// Encrypts under the newest active key, opens under any.
pub struct AeadColumns {
    settings: Settings,
    random: Arc<dyn Random>,
    clock: Arc<dyn Clock>,
    /// Replaced as a whole, so that a reader holds the lock only to take a reference.
    installed: RwLock<Arc<Installed>>,
}

#[derive(Default)]
struct Installed {
    at: Option<Instant>,
    sealing: Ring<LessSafeKey>,
    indexing: Ring<hmac::Key>,
}

/// Keys of one purpose, oldest first.
struct Ring<K>(Vec<Member<K>>);

struct Member<K> {
    generation: i32,
    active_from: Timestamp,
    key: K,
}

impl AeadColumns {
    /// A cipher without keys: it can do nothing until [`ColumnCipher::install`] has been called.
    pub fn new(settings: Settings, random: Arc<dyn Random>, clock: Arc<dyn Clock>) -> Self {
        Self { settings, random, clock, installed: RwLock::default() }
    }

    fn installed(&self) -> Arc<Installed> {
        // Nothing panics while the lock is held, so a poisoned one is as good as any other.
        self.installed.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn encrypt(
        &self,
        key: &LessSafeKey,
        column: SealedColumn,
        row: Uuid,
        plain: &[u8],
    ) -> Result<([u8; NONCE_LEN], Vec<u8>)> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce)?;
        // Grown in place, a buffer would leave a copy of the plain value behind.
        let mut body = Vec::with_capacity(plain.len() + AES_256_GCM.tag_len());
        body.extend_from_slice(plain);
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(column, row), &mut body)
            .map_err(|error| Error::with(Kind::Internal, "encrypt a column", error))?;
        Ok((nonce, body))
    }

    /// The keys, if they may be written with.
    fn writing(&self) -> Result<Arc<Installed>> {
        let installed = self.installed();
        match installed.at {
            Some(at) if at.elapsed() <= self.settings.oldest => Ok(installed),
            _ => Err(unavailable("the key ring has not been read for too long")),
        }
    }
}

impl ColumnCipher for AeadColumns {
    fn install(&self, keys: ColumnKeys) -> Result<()> {
        let installed = Installed {
            at: Some(Instant::now()),
            sealing: Ring::read(&keys.sealing, |bytes| {
                UnboundKey::new(&AES_256_GCM, bytes).ok().map(LessSafeKey::new)
            })?,
            indexing: Ring::read(&keys.indexing, |bytes| {
                (bytes.len() == 32).then(|| hmac::Key::new(hmac::HMAC_SHA256, bytes))
            })?,
        };
        *self.installed.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(installed);
        Ok(())
    }

    fn seal(&self, column: SealedColumn, row: Uuid, plain: &[u8]) -> Result<Vec<u8>> {
        let installed = self.writing()?;
        let member = installed.sealing.writing_at(self.clock.now())?;
        let (nonce, body) = self.encrypt(&member.key, column, row, plain)?;
        Ok([&sealed_floor(member.generation)[..], &nonce, &body].concat())
    }

    fn open(&self, column: SealedColumn, row: Uuid, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let parts = Parts::of(sealed).ok_or_else(|| unopened("it is not in a known format"))?;
        let installed = self.installed();
        let Some(member) = installed.sealing.of(parts.generation) else {
            return Err(if installed.sealing.newest() < Some(parts.generation) {
                unavailable("the value is newer than the key ring as it was read")
            } else {
                unopened("its key is gone")
            });
        };
        decrypt(&member.key, column, row, parts.nonce, parts.body)
    }

    fn new_key(&self) -> Result<Zeroizing<Vec<u8>>> {
        let mut key = Zeroizing::new(vec![0; AES_256_GCM.key_len()]);
        self.random.fill(&mut key)?;
        Ok(key)
    }

    fn seal_under(&self, key: &[u8], column: SealedColumn, row: Uuid, plain: &[u8]) -> Result<Vec<u8>> {
        let (nonce, body) = self.encrypt(&own_key(key)?, column, row, plain)?;
        Ok([&[UNDER][..], &nonce, &body].concat())
    }

    fn open_under(
        &self,
        key: &[u8],
        column: SealedColumn,
        row: Uuid,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        let parts = sealed.strip_prefix(&[UNDER]).and_then(<[u8]>::split_first_chunk);
        let (nonce, body) = parts.ok_or_else(|| unopened("it is not in a known format"))?;
        decrypt(&own_key(key)?, column, row, *nonce, body)
    }

    fn index(&self, column: SealedColumn, plain: &[u8]) -> Result<Vec<u8>> {
        let installed = self.writing()?;
        Ok(indexed(installed.indexing.writing_at(self.clock.now())?, column, plain))
    }

    fn indices(&self, column: SealedColumn, plain: &[u8]) -> Vec<Vec<u8>> {
        self.installed().indexing.0.iter().map(|member| indexed(member, column, plain)).collect()
    }

    fn floor(&self) -> Result<Floor> {
        let (installed, now) = (self.writing()?, self.clock.now());
        Ok(Floor {
            sealed: sealed_floor(installed.sealing.writing_at(now)?.generation).to_vec(),
            index: installed.indexing.writing_at(now)?.generation.to_be_bytes().to_vec(),
        })
    }
}

impl<K> Ring<K> {
    fn read(keys: &[ColumnKey], key_of: impl Fn(&[u8]) -> Option<K>) -> Result<Self> {
        let wrong = || Error::with(Kind::Internal, "read a column's key", "it has a wrong length");
        let member = |key: &ColumnKey| {
            let opened = key_of(&key.bytes).ok_or_else(wrong)?;
            Ok(Member { generation: key.generation, active_from: key.active_from, key: opened })
        };
        let mut members = keys.iter().map(member).collect::<Result<Vec<_>>>()?;
        members.sort_by_key(|member| member.generation);
        Ok(Self(members))
    }

    fn writing_at(&self, now: Timestamp) -> Result<&Member<K>> {
        let active = self.0.iter().rev().find(|member| member.active_from <= now);
        active.ok_or_else(|| unavailable("no key for columns is active yet"))
    }

    fn of(&self, generation: i32) -> Option<&Member<K>> {
        self.0.iter().find(|member| member.generation == generation)
    }

    fn newest(&self) -> Option<i32> {
        self.0.last().map(|member| member.generation)
    }
}

impl<K> Default for Ring<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

fn decrypt(
    key: &LessSafeKey,
    column: SealedColumn,
    row: Uuid,
    nonce: [u8; NONCE_LEN],
    body: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let mut body = Zeroizing::new(body.to_vec());
    let length = key
        .open_in_place(Nonce::assume_unique_for_key(nonce), aad(column, row), &mut body)
        .map_err(|_| unopened("it belongs elsewhere, or it was changed"))?
        .len();
    body.truncate(length);
    Ok(body)
}

fn own_key(bytes: &[u8]) -> Result<LessSafeKey> {
    let key = UnboundKey::new(&AES_256_GCM, bytes).map(LessSafeKey::new);
    key.map_err(|_| Error::with(Kind::Internal, "read a key of somebody's own", "it has a wrong length"))
}

/// An encrypted value, taken apart.
struct Parts<'a> {
    generation: i32,
    nonce: [u8; NONCE_LEN],
    body: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(sealed: &'a [u8]) -> Option<Self> {
        let rest = sealed.strip_prefix(&[VERSION])?;
        let (generation, rest) = rest.split_first_chunk()?;
        let (nonce, body) = rest.split_first_chunk()?;
        Some(Self { generation: i32::from_be_bytes(*generation), nonce: *nonce, body })
    }
}

fn sealed_floor(generation: i32) -> [u8; 5] {
    let [a, b, c, d] = generation.to_be_bytes();
    [VERSION, a, b, c, d]
}

fn indexed(member: &Member<hmac::Key>, column: SealedColumn, plain: &[u8]) -> Vec<u8> {
    let tag = mac(&member.key, &[LABEL, column.table.as_bytes(), column.name.as_bytes(), plain]);
    [&member.generation.to_be_bytes()[..], &tag.as_ref()[..INDEX_LEN]].concat()
}

/// Names cannot hold a NUL, so no two places give the same bytes.
fn aad(column: SealedColumn, row: Uuid) -> Aad<Vec<u8>> {
    let parts = [LABEL, column.table.as_bytes(), column.name.as_bytes(), row.as_bytes()];
    Aad::from(parts.join(&0))
}

fn unavailable(reason: &'static str) -> Error {
    Error::with(Kind::Unavailable, "use a column's key", reason)
}

fn unopened(reason: &'static str) -> Error {
    Error::with(Kind::Internal, "decrypt a column", reason)
}
