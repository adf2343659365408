//! Where configuration is read from. Everything below takes a [`Source`], so
//! that a test can be its own environment.

use std::{collections::BTreeMap, io, path::PathBuf};

/// The working directory, for the files, and the process environment.
///
/// It holds secrets in the clear, hence no `Debug`.
#[derive(Clone)]
pub struct Source {
    /// Holds `mainstay.toml` and `.env*`; relative `…_FILE` paths start here.
    pub dir: PathBuf,
    pub env: BTreeMap<String, String>,
}

impl Source {
    /// The process as it is: the one place that reads `std::env`.
    ///
    /// # Errors
    /// When the working directory is gone or may not be read.
    pub fn from_process() -> io::Result<Self> {
        // `vars` would panic on a name or value that is not Unicode, be it somebody else's.
        let env = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect();
        Ok(Self { dir: std::env::current_dir()?, env })
    }
}
