//! The contract of [`ports::ColumnCipher`]. The suite's clock stands at 2026-03-01T12:00:00Z, the default of
//! [`FixedClock`](crate::fakes::FixedClock).

use ports::{ColumnCipher, ColumnKey, ColumnKeys, Kind, SealedColumn};
use uuid::Uuid;

use crate::samples::at;

const COLUMN: SealedColumn = SealedColumn { table: "users", name: "phone", findable: true };
const ROW: Uuid = Uuid::from_u128(0x0195_5000_0000_7000_8000_0000_0000_0001);
const PLAIN: &[u8] = b"+14155550123";

/// Keys of the generations `first` to `last`, active for long. Equal generations have equal keys.
pub fn keys(first: i32, last: i32) -> ColumnKeys {
    let ring = |kind: u8| (first..=last).map(|generation| key(kind, generation)).collect();
    ColumnKeys { sealing: ring(1), indexing: ring(2) }
}

fn key(kind: u8, generation: i32) -> ColumnKey {
    let mut bytes = vec![kind; 32];
    bytes[..4].copy_from_slice(&generation.to_be_bytes());
    ColumnKey { generation, bytes: bytes.into(), active_from: at(-1000) }
}

/// The same, the last generation of which is not active yet.
fn published(first: i32, last: i32) -> ColumnKeys {
    let mut keys = keys(first, last);
    for ring in [&mut keys.sealing, &mut keys.indexing] {
        ring.last_mut().unwrap().active_from = at(1);
    }
    keys
}

fn refused(cipher: &dyn ColumnCipher, column: SealedColumn, row: Uuid, sealed: &[u8]) -> Kind {
    cipher.open(column, row, sealed).map(|_| ()).unwrap_err().kind()
}

/// "Decrypts what was encrypted for the same column and row", and "the same value gives another output each time".
pub fn opens_what_it_sealed(cipher: &dyn ColumnCipher) {
    cipher.install(keys(1, 1)).unwrap();
    for plain in [PLAIN, b"", &[0; 4000]] {
        let sealed = cipher.seal(COLUMN, ROW, plain).unwrap();
        assert_eq!(*cipher.open(COLUMN, ROW, &sealed).unwrap(), plain);
        assert_ne!(sealed, cipher.seal(COLUMN, ROW, plain).unwrap());
        assert!(plain.is_empty() || !sealed.windows(plain.len()).any(|window| window == plain));
    }
}

/// "`Internal` when it is of another column or row."
pub fn a_value_belongs_to_its_cell(cipher: &dyn ColumnCipher) {
    cipher.install(keys(1, 1)).unwrap();
    let sealed = cipher.seal(COLUMN, ROW, PLAIN).unwrap();
    for (column, row) in [
        (SealedColumn { name: "fax", ..COLUMN }, ROW),
        (SealedColumn { table: "tenants", ..COLUMN }, ROW),
        (SealedColumn { table: "user", name: "sphone", ..COLUMN }, ROW),
        (COLUMN, Uuid::from_u128(ROW.as_u128() + 1)),
    ] {
        assert_eq!(refused(cipher, column, row, &sealed), Kind::Internal, "{column:?} {row}");
    }
}

/// "… or it has been changed." Whatever bit it is; one in the generation may look like a later key.
pub fn any_changed_bit_is_noticed(cipher: &dyn ColumnCipher) {
    cipher.install(keys(1, 2)).unwrap();
    let sealed = cipher.seal(COLUMN, ROW, PLAIN).unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        refused(cipher, COLUMN, ROW, &changed);
    }
    for length in 0..sealed.len() {
        assert_eq!(refused(cipher, COLUMN, ROW, &sealed[..length]), Kind::Internal, "{length} bytes");
    }
}

/// "All of them open and find; of each kind the newest active one writes."
pub fn a_key_is_published_before_it_writes(cipher: &dyn ColumnCipher) {
    cipher.install(keys(1, 1)).unwrap();
    let (old, found) = (cipher.seal(COLUMN, ROW, PLAIN).unwrap(), cipher.index(COLUMN, PLAIN).unwrap());
    let floor = cipher.floor().unwrap();
    cipher.install(published(1, 2)).unwrap();
    assert_eq!(cipher.floor().unwrap(), floor);
    assert_eq!(cipher.index(COLUMN, PLAIN).unwrap(), found);
    assert_eq!(*cipher.open(COLUMN, ROW, &old).unwrap(), PLAIN);

    cipher.install(keys(1, 2)).unwrap();
    let next = cipher.floor().unwrap();
    let (new, moved) = (cipher.seal(COLUMN, ROW, PLAIN).unwrap(), cipher.index(COLUMN, PLAIN).unwrap());
    assert_eq!(*cipher.open(COLUMN, ROW, &old).unwrap(), PLAIN);
    assert_eq!(cipher.indices(COLUMN, PLAIN), [found.clone(), moved.clone()]);
    // "What values that are written now begin with. Those under earlier keys come before, byte by byte."
    assert!(new.starts_with(&next.sealed) && moved.starts_with(&next.index));
    assert!(old < next.sealed && found < next.index && moved > next.index && new > next.sealed);
}

/// "`Unavailable` when it is of a later generation than any installed", "`Internal` when … its key is gone".
pub fn an_unknown_key_is_told_from_a_lost_one(cipher: &dyn ColumnCipher) {
    cipher.install(keys(2, 2)).unwrap();
    let sealed = cipher.seal(COLUMN, ROW, PLAIN).unwrap();
    cipher.install(keys(1, 1)).unwrap();
    assert_eq!(refused(cipher, COLUMN, ROW, &sealed), Kind::Unavailable);
    cipher.install(keys(3, 3)).unwrap();
    assert_eq!(refused(cipher, COLUMN, ROW, &sealed), Kind::Internal);
    cipher.install(keys(1, 3)).unwrap();
    assert_eq!(*cipher.open(COLUMN, ROW, &sealed).unwrap(), PLAIN);
}

/// "Equal for equal values of one column under one key."
pub fn an_index_is_of_one_column_and_key(cipher: &dyn ColumnCipher) {
    cipher.install(keys(1, 1)).unwrap();
    let index = cipher.index(COLUMN, PLAIN).unwrap();
    assert_eq!(index.len(), 20);
    assert_eq!(index, cipher.index(COLUMN, PLAIN).unwrap());
    assert_ne!(index, cipher.index(COLUMN, b"+14155550124").unwrap());
    assert_ne!(index, cipher.index(SealedColumn { name: "fax", ..COLUMN }, PLAIN).unwrap());
    assert_ne!(index, cipher.index(SealedColumn { table: "tenants", ..COLUMN }, PLAIN).unwrap());
    let mut other = keys(1, 1);
    other.indexing[0].bytes[9] ^= 1;
    cipher.install(other).unwrap();
    assert_ne!(index, cipher.index(COLUMN, PLAIN).unwrap());
}

/// "`Unavailable` … without an active key."
pub fn without_a_key_nothing_is_written(cipher: &dyn ColumnCipher) {
    for keys in [ColumnKeys::default(), published(1, 1)] {
        cipher.install(keys).unwrap();
        assert_eq!(cipher.seal(COLUMN, ROW, PLAIN).unwrap_err().kind(), Kind::Unavailable);
        assert_eq!(cipher.index(COLUMN, PLAIN).unwrap_err().kind(), Kind::Unavailable);
        assert_eq!(cipher.floor().unwrap_err().kind(), Kind::Unavailable);
    }
}

/// "`Internal` when a key has another length than 32 bytes; the former keys stay."
pub fn a_wrong_key_leaves_the_former(cipher: &dyn ColumnCipher) {
    cipher.install(keys(1, 1)).unwrap();
    let sealed = cipher.seal(COLUMN, ROW, PLAIN).unwrap();
    for length in [0, 16, 31, 33] {
        let short = ColumnKey { bytes: vec![7; length].into(), ..key(1, 2) };
        let sealing = ColumnKeys { sealing: vec![short.clone()], ..keys(1, 1) };
        let indexing = ColumnKeys { indexing: vec![short], ..keys(1, 1) };
        for wrong in [sealing, indexing] {
            assert_eq!(cipher.install(wrong).unwrap_err().kind(), Kind::Internal, "{length} bytes");
        }
    }
    assert_eq!(*cipher.open(COLUMN, ROW, &sealed).unwrap(), PLAIN);
}

/// "Encrypts a value under a key that is not of the ring." "`Internal` when it is of another column, row or key."
pub fn a_key_of_its_own_opens_what_it_sealed(cipher: &dyn ColumnCipher) {
    // The ring has no part in it.
    cipher.install(ColumnKeys::default()).unwrap();
    let (key, other) = (cipher.new_key().unwrap(), cipher.new_key().unwrap());
    assert!(key.len() == 32 && key != other);
    let sealed = cipher.seal_under(&key, COLUMN, ROW, PLAIN).unwrap();
    assert_ne!(sealed, cipher.seal_under(&key, COLUMN, ROW, PLAIN).unwrap());
    assert!(!sealed.windows(PLAIN.len()).any(|window| window == PLAIN));
    assert_eq!(*cipher.open_under(&key, COLUMN, ROW, &sealed).unwrap(), PLAIN);
    let refused = |key: &[u8], column, row, sealed: &[u8]| {
        assert_eq!(cipher.open_under(key, column, row, sealed).unwrap_err().kind(), Kind::Internal);
    };
    refused(&other, COLUMN, ROW, &sealed);
    refused(&key, SealedColumn { name: "fax", ..COLUMN }, ROW, &sealed);
    refused(&key, COLUMN, Uuid::from_u128(ROW.as_u128() + 1), &sealed);
    refused(&key[..31], COLUMN, ROW, &sealed);
    for length in 0..sealed.len() {
        refused(&key, COLUMN, ROW, &sealed[..length]);
    }
    assert_eq!(cipher.seal_under(&key[..16], COLUMN, ROW, PLAIN).unwrap_err().kind(), Kind::Internal);
    assert_eq!(self::refused(cipher, COLUMN, ROW, &sealed), Kind::Internal, "not by the ring");
}

/// Runs the suite on the cipher that the expression gives: `testkit::column_cipher_suite!(cipher());`
#[macro_export]
macro_rules! column_cipher_suite {
    ($cipher:expr) => {
        $crate::column_cipher_suite!(@cases $cipher;
            opens_what_it_sealed a_value_belongs_to_its_cell any_changed_bit_is_noticed
            a_key_is_published_before_it_writes an_unknown_key_is_told_from_a_lost_one
            an_index_is_of_one_column_and_key without_a_key_nothing_is_written a_wrong_key_leaves_the_former
            a_key_of_its_own_opens_what_it_sealed);
    };
    (@cases $cipher:expr; $($case:ident)+) => {
        mod column_cipher_suite {
            use super::*;

            $(
                #[test]
                fn $case() {
                    $crate::columns::$case(&$cipher);
                }
            )+
        }
    };
}
