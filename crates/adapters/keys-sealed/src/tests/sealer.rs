//! What the seal lets through, and fixed vectors.

use std::sync::Arc;

use domain::KeyPurpose::{AccessToken, Derivation};
use ports::{Kind, Sealer};
use testkit::fakes::SeededRandom;

use super::unhex;
use crate::AeadSealer;

fn sealer(master_keys: &[u8]) -> AeadSealer {
    let keys = master_keys.iter().map(|byte| [*byte; 32]).collect();
    AeadSealer::new(keys, Arc::new(SeededRandom::default())).unwrap()
}

fn refused(sealer: &AeadSealer, bytes: &[u8]) -> bool {
    sealer.open(AccessToken, bytes).is_err_and(|error| error.kind() == Kind::Internal)
}

#[test]
fn what_was_sealed_opens_again() {
    let sealer = sealer(&[1]);
    for plain in [&b"a private key"[..], b"", &[0; 1000]] {
        let bytes = sealer.seal(AccessToken, plain).unwrap();
        assert_eq!(sealer.open(AccessToken, &bytes).unwrap(), plain);
        assert_eq!(bytes.len(), 1 + 4 + 12 + plain.len() + 16);
    }
}

#[test]
fn the_same_input_gives_another_output_each_time() {
    let sealer = sealer(&[1]);
    assert_ne!(sealer.seal(AccessToken, b"key").unwrap(), sealer.seal(AccessToken, b"key").unwrap());
}

#[test]
fn a_key_can_not_be_moved_to_another_purpose() {
    let sealer = sealer(&[1]);
    let bytes = sealer.seal(Derivation, b"key").unwrap();
    assert!(refused(&sealer, &bytes));
}

#[test]
fn any_changed_bit_is_noticed() {
    let sealer = sealer(&[1]);
    let bytes = sealer.seal(AccessToken, b"key").unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(refused(&sealer, &changed), "bit {bit}");
    }
}

#[test]
fn cut_or_foreign_bytes_are_refused() {
    let sealer = sealer(&[1]);
    let bytes = sealer.seal(AccessToken, b"key").unwrap();
    for length in 0..bytes.len() {
        assert!(refused(&sealer, &bytes[..length]), "{length} bytes");
    }
    assert!(refused(&sealer, &[bytes, vec![0]].concat()));
}

#[test]
fn a_former_master_key_opens_and_the_current_one_seals() {
    let before = sealer(&[1]);
    let old = before.seal(AccessToken, b"key").unwrap();
    let after = sealer(&[2, 1]);
    assert_eq!(after.open(AccessToken, &old).unwrap(), b"key");
    let new = after.seal(AccessToken, b"key").unwrap();
    assert!(refused(&before, &new));
    assert!(after.is_current(&new) && !after.is_current(&old) && before.is_current(&old));
    assert!(!after.is_current(b""));
    assert!(refused(&sealer(&[2]), &old));
}

#[test]
fn without_a_master_key_there_is_no_sealer() {
    let none = AeadSealer::new(Vec::new(), Arc::new(SeededRandom::default()));
    assert_eq!(none.err().unwrap().kind(), Kind::Internal);
}

/// Computed with Python: `hmac.new(key, b"".join(struct.pack(">Q", len(p)) + p for p in parts), sha256)`.
#[test]
fn derivations_match_another_implementation() {
    let sealer = sealer(&[1]);
    assert_eq!(
        sealer.derive(b"Jefe", &[b"what do ya want ", b"for nothing?"]).to_vec(),
        unhex("2adf7332d323203dd3dd441f723b556d218a9e97e6fbcef63aacb34bc269ec44"),
    );
    assert_eq!(
        sealer.derive(&[0x0b; 20], &[]).to_vec(),
        unhex("999a901219f032cd497cadb5e6051e97b6a29ab297bd6ae722bd6062a2f59542"),
    );
}

#[test]
fn parts_of_a_derivation_can_not_be_shifted() {
    let sealer = sealer(&[1]);
    let derive = |parts: &[&[u8]]| sealer.derive(b"key", parts);
    assert_eq!(derive(&[b"ab", b"c"]), derive(&[b"ab", b"c"]));
    assert_ne!(derive(&[b"ab", b"c"]), derive(&[b"a", b"bc"]));
    assert_ne!(derive(&[b"abc"]), derive(&[b"abc", b""]));
}

/// FIPS 180-4's example.
#[test]
fn the_digest_is_sha_256() {
    assert_eq!(
        sealer(&[1]).digest(b"abc").to_vec(),
        unhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    );
}
