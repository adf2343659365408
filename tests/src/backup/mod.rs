//! Backups: what they hold, that they can be restored, and what becomes of them when something goes wrong.

mod damage;
mod kills;
mod restoring;

use std::path::Path;

use serde_json::json;

use crate::harness::{Client, Empty, Installation, PASSWORD, Said, Tokens, Vault, listed, operate, operator};

fn back_up(installation: &Installation, vault: &Vault) -> Said {
    operate(installation, &["backup", "--to", &vault.url()])
}

fn restore(installation: &Installation, vault: &Vault) -> Said {
    operate(installation, &["restore", "--from", &vault.url()])
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
