//! The blob store.

use crate::config::{SecretUrl, section::section};

section! {
    /// Where uploaded files lie.
    pub struct StorageConfig in storage {
        /// Blob store: `file://<directory>` or `s3://<bucket>[/<folder>]?region=&endpoint=`; keys from AWS_* or the URL.
        url: SecretUrl = Derived("file://{data_dir}/files");
    }
}
