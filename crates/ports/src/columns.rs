//! Encryption of chosen columns.

use async_trait::async_trait;
use domain::Timestamp;
use secrecy::zeroize::Zeroizing;
use uuid::Uuid;

use crate::Result;

/// A column whose values are kept encrypted. Each value is bound to its table, column and row: a ciphertext that
/// is copied elsewhere does not open there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SealedColumn {
    /// The table's name.
    pub table: &'static str,
    /// The value's name, which the columns that hold it are named after.
    pub name: &'static str,
    /// Whether rows are found by the value.
    pub findable: bool,
}

/// A key of the ring, opened.
#[derive(Clone)]
pub struct ColumnKey {
    /// Unique among the keys of one purpose; the newest has the highest.
    pub generation: i32,
    /// 32 bytes.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Used to write with from then on.
    pub active_from: Timestamp,
}

/// The keys that columns are written and read with.
#[derive(Clone, Default)]
pub struct ColumnKeys {
    /// Encrypt.
    pub sealing: Vec<ColumnKey>,
    /// Make values findable.
    pub indexing: Vec<ColumnKey>,
}

/// Authenticated encryption of values in rows, and the blind index they are found by.
pub trait ColumnCipher: Send + Sync {
    /// Replaces the keys. All of them open and find; of each kind the newest active one writes.
    ///
    /// # Errors
    /// `Internal` when a key has another length than 32 bytes; the former keys stay.
    fn install(&self, keys: ColumnKeys) -> Result<()>;
    /// Encrypts a value. The same value gives another output each time, which begins with what
    /// [`ColumnCipher::floor`] gives.
    ///
    /// # Errors
    /// `Unavailable` without randomness, without an active key, or when the keys were installed too long ago:
    /// the ring may have moved on meanwhile, and what an outdated key wrote could be lost.
    fn seal(&self, column: SealedColumn, row: Uuid, plain: &[u8]) -> Result<Vec<u8>>;
    /// Decrypts what was encrypted for the same column and row under any installed key.
    ///
    /// # Errors
    /// `Unavailable` when it is of a later generation than any installed: reading the ring again will help.
    /// `Internal` when it is of another column or row, its key is gone, or it has been changed.
    fn open(&self, column: SealedColumn, row: Uuid, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>>;
    /// What a value is found by: equal for equal values of one column under one key, and nothing that the value
    /// can be computed from without it. 20 bytes, which begin with what [`ColumnCipher::floor`] gives.
    ///
    /// # Errors
    /// As [`ColumnCipher::seal`].
    fn index(&self, column: SealedColumn, plain: &[u8]) -> Result<Vec<u8>>;
    /// The index of a value under every installed key: whichever a row was written under, it is among them.
    fn indices(&self, column: SealedColumn, plain: &[u8]) -> Vec<Vec<u8>>;
    /// A new key of somebody's own, for [`ColumnCipher::seal_under`]: 32 random bytes. To be kept encrypted itself.
    ///
    /// # Errors
    /// `Unavailable` without randomness.
    fn new_key(&self) -> Result<Zeroizing<Vec<u8>>>;
    /// Encrypts a value under a key that is not of the ring, so that destroying that key destroys the value.
    ///
    /// # Errors
    /// `Unavailable` without randomness; `Internal` when the key has another length than 32 bytes.
    fn seal_under(&self, key: &[u8], column: SealedColumn, row: Uuid, plain: &[u8]) -> Result<Vec<u8>>;
    /// Decrypts what was encrypted for the same column and row under the same key.
    ///
    /// # Errors
    /// `Internal` when it is of another column, row or key, or it has been changed.
    fn open_under(
        &self,
        key: &[u8],
        column: SealedColumn,
        row: Uuid,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>>;
    /// What values that are written now begin with. Those under earlier keys come before, byte by byte.
    ///
    /// # Errors
    /// As [`ColumnCipher::seal`].
    fn floor(&self) -> Result<Floor>;
}

/// Where values under the current keys begin, in the order of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Floor {
    /// Of encrypted values.
    pub sealed: Vec<u8>,
    /// Of their indices.
    pub index: Vec<u8>,
}

/// A value under an earlier key, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleValue {
    /// The row, internally.
    pub id: i64,
    /// The row's public id, which the value is bound to.
    pub row: Uuid,
    /// The encrypted value.
    pub sealed: Vec<u8>,
}

/// One stretch of a table, looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The values under earlier keys in it.
    pub stale: Vec<StaleValue>,
    /// The last row's id, where the next stretch begins; `None` behind the table's end.
    pub next: Option<i64>,
}

/// Looking for values under earlier keys.
#[async_trait]
pub trait SealedQueries: Send + Sync {
    /// The encrypted columns that there are.
    fn columns(&self) -> &'static [SealedColumn];
    /// The smallest and the largest id in the column's table; `None` when it is empty.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn span(&self, column: SealedColumn) -> Result<Option<(i64, i64)>>;
    /// Looks through at most `limit` rows behind the id `after`, soft-deleted ones included, for values whose
    /// ciphertext or index is under an earlier key than the one that writes now.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn stale(&self, column: SealedColumn, after: i64, limit: u64) -> Result<Stretch>;
}

/// Writing values anew under the current keys.
#[async_trait]
pub trait SealedRepo: SealedQueries {
    /// Encrypts and indexes values anew. One that somebody has written since it was read is left alone; neither
    /// the row's version nor its time of change move, because what it means has not changed. How many were
    /// written.
    ///
    /// # Errors
    /// `Unavailable`; `Internal` when a value can't be opened.
    async fn renew(&self, column: SealedColumn, values: &[StaleValue]) -> Result<u64>;
}
