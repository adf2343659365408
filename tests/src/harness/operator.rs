//! The operator's command, and the place where its archives lie.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use testkit::temp::TempDir;

use super::Installation;

/// Where archives of a test lie.
pub(crate) struct Vault(TempDir);

impl Vault {
    pub(crate) fn new() -> Self {
        Self(TempDir::new())
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.0.path().display())
    }

    /// The files of the newest archive there is, sorted.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let folder = self.archives().pop().expect("there is an archive");
        listed(&folder)
    }

    /// The archives, oldest first.
    pub(crate) fn archives(&self) -> Vec<PathBuf> {
        listed(self.0.path())
    }
}

/// The paths in a directory, sorted.
pub(crate) fn listed(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// What the operator's command says, and whether it was content.
pub(crate) struct Said {
    well: bool,
    pub(crate) text: String,
}

impl Said {
    pub(crate) fn of(output: &Output) -> Self {
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        Self { well: output.status.success(), text: String::from_utf8(text).unwrap() }
    }

    pub(crate) fn well(&self) -> &str {
        assert!(self.well, "{}", self.text);
        &self.text
    }

    pub(crate) fn refused(&self, reason: &str) {
        assert!(!self.well && self.text.contains(reason), "{reason:?} was expected:\n{}", self.text);
    }
}

/// `mainstay …` where the API of the installation runs.
pub(crate) fn operator(installation: &Installation, arguments: &[&str]) -> Command {
    let mut command = installation.command("mainstay", &installation.data("api"), &[]);
    command.args(arguments);
    command
}

/// Runs it to its end.
pub(crate) fn operate(installation: &Installation, arguments: &[&str]) -> Said {
    Said::of(&operator(installation, arguments).output().unwrap())
}
