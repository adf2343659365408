//! AES-256-GCM under a list of master keys.
//!
//! A sealed value is `1 | fingerprint of the master key (4) | nonce (12) | ciphertext and tag (16)`. The first
//! byte is the format's version. Nonces are random: a master key seals a handful of keys, far from the 2³²
//! messages at which 96 random bits become a risk (NIST SP 800-38D, section 8.3).

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac};
use domain::KeyPurpose;
use ports::{Error, Kind, Random, Result, Sealer};
use secrecy::zeroize::Zeroize;

const VERSION: u8 = 1;
const FINGERPRINT_LEN: usize = 4;
const FINGERPRINT_LABEL: &[u8] = b"mainstay master key fingerprint v1";

type Fingerprint = [u8; FINGERPRINT_LEN];

/// Seals under the first master key, opens under any.
pub struct AeadSealer {
    current: MasterCipher,
    former: Vec<MasterCipher>,
    random: Arc<dyn Random>,
}

struct MasterCipher {
    fingerprint: Fingerprint,
    key: LessSafeKey,
}

impl AeadSealer {
    /// Takes the current master key first, then those it replaced. The given copies are wiped.
    ///
    /// # Errors
    /// `Internal` when the list is empty.
    pub fn new(mut master_keys: Vec<[u8; 32]>, random: Arc<dyn Random>) -> Result<Self> {
        let ciphers = master_keys.iter().map(MasterCipher::new).collect::<Result<Vec<_>>>();
        master_keys.zeroize();
        let mut ciphers = ciphers?.into_iter();
        let current = ciphers
            .next()
            .ok_or_else(|| Error::with(Kind::Internal, "read the master keys", "there is no master key"))?;
        Ok(Self { current, former: ciphers.collect(), random })
    }
}

impl MasterCipher {
    fn new(key: &[u8; 32]) -> Result<Self> {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(FINGERPRINT_LABEL);
        context.update(key);
        let mut fingerprint = Fingerprint::default();
        fingerprint.copy_from_slice(&context.finish().as_ref()[..FINGERPRINT_LEN]);
        let key = UnboundKey::new(&AES_256_GCM, key)
            .map_err(|error| Error::with(Kind::Internal, "read the master keys", error))?;
        Ok(Self { fingerprint, key: LessSafeKey::new(key) })
    }
}

impl Sealer for AeadSealer {
    fn seal(&self, purpose: KeyPurpose, plain: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce)?;
        let mut body = plain.to_vec();
        self.current
            .key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(purpose), &mut body)
            .map_err(|error| Error::with(Kind::Internal, "seal a key", error))?;
        Ok([&[VERSION], &self.current.fingerprint[..], &nonce, &body].concat())
    }

    fn open(&self, purpose: KeyPurpose, sealed: &[u8]) -> Result<Vec<u8>> {
        let parts = Parts::of(sealed).ok_or_else(|| unopened("it is not in a known format"))?;
        std::iter::once(&self.current)
            .chain(&self.former)
            .filter(|cipher| cipher.fingerprint == parts.fingerprint)
            .find_map(|cipher| parts.open(cipher, purpose))
            .ok_or_else(|| unopened("its master key is not listed, or it was changed or moved"))
    }

    fn is_current(&self, sealed: &[u8]) -> bool {
        Parts::of(sealed).is_some_and(|parts| parts.fingerprint == self.current.fingerprint)
    }

    fn derive(&self, key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        first_32(mac(&hmac::Key::new(hmac::HMAC_SHA256, key), parts).as_ref())
    }

    fn digest(&self, data: &[u8]) -> [u8; 32] {
        first_32(digest::digest(&digest::SHA256, data).as_ref())
    }
}

/// A sealed value, taken apart.
struct Parts<'a> {
    fingerprint: Fingerprint,
    nonce: [u8; NONCE_LEN],
    body: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(sealed: &'a [u8]) -> Option<Self> {
        let rest = sealed.strip_prefix(&[VERSION])?;
        let (fingerprint, rest) = rest.split_first_chunk()?;
        let (nonce, body) = rest.split_first_chunk()?;
        Some(Self { fingerprint: *fingerprint, nonce: *nonce, body })
    }

    fn open(&self, cipher: &MasterCipher, purpose: KeyPurpose) -> Option<Vec<u8>> {
        let mut body = self.body.to_vec();
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let length = cipher.key.open_in_place(nonce, aad(purpose), &mut body).ok()?.len();
        body.truncate(length);
        Some(body)
    }
}

/// Each part goes in behind its length (64 bits, big-endian), so that no two lists of parts are the same
/// bytes: `["ab", "c"]` is not `["a", "bc"]`.
pub(crate) fn mac(key: &hmac::Key, parts: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.sign()
}

/// Binds a seal to its purpose.
fn aad(purpose: KeyPurpose) -> Aad<&'static [u8]> {
    Aad::from(purpose.as_str().as_bytes())
}

fn unopened(reason: &'static str) -> Error {
    Error::with(Kind::Internal, "open a sealed key", reason)
}

/// SHA-256 gives 32 bytes.
fn first_32(bytes: &[u8]) -> [u8; 32] {
    let mut array = [0; 32];
    array.copy_from_slice(&bytes[..32]);
    array
}
