//! `mainstay migrate`.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;

use anyhow::{Result, ensure};
use bootstrap::operator;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Migrate {
    /// Apply what is pending, and bring views, triggers and routines up to date.
    Up,
    /// Take the newest migrations back.
    Down {
        /// How many.
        #[arg(default_value_t = 1)]
        steps: u32,
    },
    /// List migrations and whether they are applied.
    Status,
    /// Drop everything with all data, and migrate anew. Refused in staging and production.
    Fresh {
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
    /// Write a new migration into the sources.
    Generate {
        /// What it is about, as `invoice_lines`.
        name: String,
        /// The root of the sources.
        #[arg(long, default_value = ".")]
        root: PathBuf,
    },
}

pub(crate) async fn execute(command: Migrate) -> Result<()> {
    match command {
        Migrate::Up => operator::migrate_up(&operator::configuration()?).await,
        Migrate::Down { steps } => operator::migrate_down(&operator::configuration()?, steps).await,
        Migrate::Status => {
            for (name, applied) in operator::migrate_status(&operator::configuration()?).await? {
                println!("{}  {name}", if applied { "applied" } else { "pending" });
            }
            Ok(())
        }
        Migrate::Fresh { yes } => {
            let loaded = operator::configuration()?;
            operator::may_start_afresh(&loaded)?;
            ensure!(yes || is_sure()?, "nothing was changed");
            operator::migrate_fresh(&loaded).await
        }
        Migrate::Generate { name, root } => {
            println!("{}", operator::migrate_generate(&root, &name)?);
            Ok(())
        }
    }
}

fn is_sure() -> Result<bool> {
    print!("This drops every table with all its data. Type yes to go on: ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
