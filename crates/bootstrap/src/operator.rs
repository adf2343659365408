//! What the operator's command does: schema, configuration, and a look at everything.

mod archives;
mod backup;
mod cache;
mod doctor;
mod events;
mod jobs;
mod keys;
mod outbox;
mod roles;
mod schema;
mod seed;
mod tenants;

use anyhow::{Context as _, Result};
use db::Process;

pub use backup::{Found, backup, backups, restore, verify_backup};
pub use doctor::{Check, doctor};
pub use events::{events_refused, events_tell};
pub use jobs::{
    Job, JobFilter, JobStatus, Reason, jobs_cancel, jobs_drain, jobs_list, jobs_resume, jobs_retry,
    jobs_retry_some, jobs_show, jobs_stats,
};
pub use keys::{KeyInfo, KeyState, Rotation, keys_list, keys_reseal, keys_rotate};
pub use outbox::{outbox_drop, outbox_list, outbox_retry};
pub use roles::roles_sql;
pub use schema::{
    AssetState, AssetStatus, assets_apply, assets_drop, assets_status, may_start_afresh, migrate_down,
    migrate_fresh, migrate_generate, migrate_status, migrate_up,
};
pub use seed::{Seeded, seed};
pub use tenants::{Exported, Imported, tenant_export, tenant_import};

use crate::config::{self, Loaded};
use crate::core::{Overrides, Shared, assemble, connect, keep_keys, keys_every, migrate};
use crate::process;

/// The configuration that a program started here would have.
///
/// # Errors
/// All its problems; `is_configuration` tells them from others.
pub fn configuration() -> Result<Loaded> {
    process::load()
}

/// Whether an error means exit status 78.
pub fn is_configuration(error: &anyhow::Error) -> bool {
    error.is::<config::Problems>()
}

/// Runs use cases as a process of its own, which joins the others and leaves them again.
async fn operate<T>(loaded: &Loaded, work: impl AsyncFnOnce(&Shared) -> Result<T>) -> Result<T> {
    let database = connect(&loaded.config, Process::Cli).await?;
    migrate(&loaded.config, &database).await?;
    let shared = assemble(&loaded.config, database, Overrides::default()).await?;
    // Encrypted columns are written only by processes that read the ring regularly.
    let keys = tokio::spawn(keep_keys(shared.app.clone(), keys_every(&loaded.config)));
    let done = work(&shared).await;
    keys.abort();
    shared.database.cluster().leave().await.context("could not give the node id back")?;
    done
}

/// The OpenAPI document.
///
/// # Errors
/// When it can't be written as JSON.
pub fn openapi() -> Result<String> {
    http::openapi().to_pretty_json().context("the OpenAPI document can't be written")
}

/// What archives say who wrote them.
fn program() -> String {
    format!("mainstay {}", env!("CARGO_PKG_VERSION"))
}
