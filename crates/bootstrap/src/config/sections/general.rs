//! What every other section may derive from.

use std::path::PathBuf;

use crate::config::{Environment, section::section};

section! {
    /// The top level; its fields stand directly in `Config`.
    pub(crate) struct General in top {
        /// Where this runs: development, test, staging or production, which refuses unsafe values.
        environment: Environment = Fixed("development");
        /// Directory of everything embedded: database, files, generated master key.
        data_dir: PathBuf = Fixed("./data");
    }
}
