//! `mainstay assets`.

use anyhow::Result;
use bootstrap::operator::{self, AssetState};
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Assets {
    /// List views, triggers, routines and schedules, and how they are.
    Status,
    /// Make them what this program has; `migrate up` does so, too.
    Apply,
    /// Take them away: one and what requires it, or all. `apply` brings them back.
    Drop {
        /// One of them, as `views/user_activity`.
        name: Option<String>,
    },
}

pub(crate) async fn execute(command: Assets) -> Result<()> {
    let loaded = operator::configuration()?;
    match command {
        Assets::Status => {
            for asset in operator::assets_status(&loaded).await? {
                let (word, who) = match asset.state {
                    AssetState::Applied => ("applied", ""),
                    AssetState::Missing => ("missing", ""),
                    AssetState::Changed => ("changed", ""),
                    AssetState::Unknown => ("unknown", "  of another version; `apply` drops it"),
                    AssetState::Early => ("waiting", "  for a migration that is pending"),
                    AssetState::Elsewhere(who) => ("not here", who),
                };
                match asset.state {
                    AssetState::Elsewhere(_) => println!("{word:<8}  {}: {who}", asset.name),
                    _ => println!("{word:<8}  {}{who}", asset.name),
                }
            }
        }
        Assets::Apply => print("applied", operator::assets_apply(&loaded).await?),
        Assets::Drop { name } => print("dropped", operator::assets_drop(&loaded, name.as_deref()).await?),
    }
    Ok(())
}

fn print(done: &str, names: Vec<String>) {
    for name in names {
        println!("{done}  {name}");
    }
}
