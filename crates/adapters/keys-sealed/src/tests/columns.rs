//! The cipher of columns: the port's contract, and what is this adapter's own.

use std::sync::Arc;
use std::time::Duration;

use ports::{ColumnCipher, Kind, SealedColumn};
use testkit::columns::keys;
use testkit::fakes::{FixedClock, SeededRandom};
use uuid::Uuid;

use super::unhex;
use crate::{AeadColumns, ColumnSettings};

const COLUMN: SealedColumn = SealedColumn { table: "users", name: "phone", findable: true };

testkit::column_cipher_suite!(cipher(Duration::from_secs(3600)));

fn cipher(oldest: Duration) -> AeadColumns {
    let random = Arc::new(SeededRandom::default());
    AeadColumns::new(ColumnSettings { oldest }, random, Arc::new(FixedClock::default()))
}

/// Computed with Python: `hmac.new(key, b"".join(struct.pack(">Q", len(p)) + p for p in parts), sha256)[:16]`
/// behind the generation.
#[test]
fn an_index_matches_another_implementation() {
    let cipher = cipher(Duration::from_secs(3600));
    cipher.install(keys(1, 1)).unwrap();
    let index = cipher.index(COLUMN, b"+14155550123").unwrap();
    assert_eq!(index, unhex("00000001edf1d0749ff0119725976e98562e3292"));
}

/// "… or when the keys were installed too long ago." What is there can still be read and found.
#[test]
fn outdated_keys_only_read() {
    let (fresh, outdated) = (cipher(Duration::from_secs(3600)), cipher(Duration::ZERO));
    fresh.install(keys(1, 1)).unwrap();
    outdated.install(keys(1, 1)).unwrap();
    let row = Uuid::from_u128(7);
    let sealed = fresh.seal(COLUMN, row, b"value").unwrap();
    // Any time at all is too long.
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(outdated.seal(COLUMN, row, b"value").unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(outdated.index(COLUMN, b"value").unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(outdated.floor().unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(*outdated.open(COLUMN, row, &sealed).unwrap(), b"value");
    assert_eq!(outdated.indices(COLUMN, b"value"), [fresh.index(COLUMN, b"value").unwrap()]);
}
