//! The blob store.

use crate::config::{SecretUrl, section::section};

section! {
    /// Where uploaded files lie.
    pub struct StorageConfig in storage {
        /// Blob store; the scheme picks the driver.
        url: SecretUrl = Derived("file://{data_dir}/files");
    }
}
