//! Backups: what they hold, that they can be restored, and what becomes of them when something goes wrong.

mod damage;
mod kills;
mod restoring;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use testkit::temp::TempDir;

use crate::harness::{Client, Empty, Installation, PASSWORD, Tokens};
use serde_json::json;

/// Where backups of a test lie.
struct Vault(TempDir);

impl Vault {
    fn new() -> Self {
        Self(TempDir::new())
    }

    fn url(&self) -> String {
        format!("file://{}", self.0.path().display())
    }

    /// The files of the only backup there is, sorted.
    fn files(&self) -> Vec<PathBuf> {
        let folder = self.backups().pop().expect("there is a backup");
        listed(&folder)
    }

    fn backups(&self) -> Vec<PathBuf> {
        listed(self.0.path())
    }
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// What the operator's command says, and whether it was content.
struct Said {
    well: bool,
    text: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        let text = [&output.stdout[..], &output.stderr[..]].concat();
        Self { well: output.status.success(), text: String::from_utf8(text).unwrap() }
    }

    fn well(&self) -> &str {
        assert!(self.well, "{}", self.text);
        &self.text
    }

    fn refused(&self, reason: &str) {
        assert!(!self.well && self.text.contains(reason), "{reason:?} was expected:\n{}", self.text);
    }
}

/// `mainstay …` where the API of the installation runs.
fn operator(installation: &Installation, arguments: &[&str]) -> Command {
    let mut command = installation.command("mainstay", &installation.data("api"), &[]);
    command.args(arguments);
    command
}

fn run(installation: &Installation, arguments: &[&str]) -> Said {
    Said::of(&operator(installation, arguments).output().unwrap())
}

fn back_up(installation: &Installation, vault: &Vault) -> Said {
    run(installation, &["backup", "--to", &vault.url()])
}

fn restore(installation: &Installation, vault: &Vault) -> Said {
    run(installation, &["restore", "--from", &vault.url()])
}

/// Accounts, sessions, mails and jobs with something in them.
async fn live_a_little(api: &Client) {
    for name in ["ada", "grace"] {
        api.member(&format!("{name}@example.com")).await;
    }
    let admin: Tokens = api.admin().await;
    // More than the pieces in which content goes through.
    let payload = json!({ "text": "Zürich ✓ ".repeat(500) });
    for _ in 0..20 {
        let job = api.submit(&admin, "diagnostics.echo", payload.clone()).await;
        api.job_is(&admin, &job["id"], "succeeded").await;
    }
}

/// An installation that has lived a little, and stands still.
async fn quiet(installation: &Installation) {
    let api = installation.api("api", &[]).await;
    live_a_little(&api).await;
    api.stop().await;
}

/// The people of the source are at home at the target.
async fn people_can_log_in(target: &Empty) {
    let api = target.installation.api("api", &[]).await;
    api.login("ada@example.com", PASSWORD).await;
    let tokens = api.member("late@example.com").await;
    api.me(&tokens.access).await.is(200);
    api.stop().await;
}
