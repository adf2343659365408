//! `mainstay keys`.

use std::process::ExitCode;

use anyhow::Result;
use bootstrap::operator::{self, KeyInfo, KeyState, Rotation};
use clap::{Subcommand, ValueEnum};

#[derive(Subcommand)]
pub(crate) enum Keys {
    /// List them, and where each is in its life.
    List,
    /// Publish new ones. They are used a little later; a job then writes anew what is encrypted, and retires the old.
    Rotate {
        /// Which.
        #[arg(long, value_enum, default_value_t = Purpose::All)]
        purpose: Purpose,
    },
    /// Seal all keys anew under the first master key, so that the others can be taken out of the configuration.
    Reseal,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Purpose {
    /// Sign access tokens.
    AccessToken,
    /// Encrypt columns.
    Column,
    /// Find encrypted columns.
    BlindIndex,
    /// All of them.
    All,
}

impl Purpose {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::AccessToken => &["access-token"],
            Self::Column => &["column"],
            Self::BlindIndex => &["blind-index"],
            Self::All => &["access-token", "column", "blind-index"],
        }
    }
}

/// Fails when a rotation could not begin because one is under way.
pub(crate) async fn execute(command: Keys) -> Result<ExitCode> {
    let loaded = operator::configuration()?;
    match command {
        Keys::List => {
            for key in operator::keys_list(&loaded).await? {
                println!("{}", line(&key));
            }
        }
        Keys::Rotate { purpose } => {
            let rotations = operator::keys_rotate(&loaded, purpose.names()).await?;
            for rotation in &rotations {
                match rotation {
                    Rotation::Published(key) => println!("{}", line(key)),
                    Rotation::Underway(key) => eprintln!(
                        "{} is being rotated already, to generation {}; see `mainstay keys list`",
                        key.purpose, key.generation
                    ),
                }
            }
            if rotations.iter().any(|rotation| matches!(rotation, Rotation::Underway(_))) {
                return Ok(ExitCode::FAILURE);
            }
        }
        Keys::Reseal => {
            println!("{} keys sealed anew under the first master key", operator::keys_reseal(&loaded).await?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(key: &KeyInfo) -> String {
    let state = match key.state {
        KeyState::Published => "published",
        KeyState::Active => "active",
        KeyState::Superseded => "superseded",
        KeyState::Retired => "retired",
    };
    let from = key.active_from.format("%Y-%m-%dT%H:%M:%SZ");
    format!("{:<12}  {:>3}  {state:<10}  from {from}  {}", key.purpose, key.generation, key.kid)
}
