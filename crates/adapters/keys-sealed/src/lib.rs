//! The seal around keys at rest, the encryption of columns under those keys, and the file that holds the master
//! key.
//!
//! **Invariant:** nothing here logs or shows a key, and no error holds one. It does not know what the sealed
//! bytes are for beyond their [`domain::KeyPurpose`].

mod columns;
mod master_key;
mod sealer;
#[cfg(test)]
mod tests;

pub use columns::{AeadColumns, Settings as ColumnSettings};
pub use master_key::{MasterKey, master_key_file};
pub use sealer::AeadSealer;
