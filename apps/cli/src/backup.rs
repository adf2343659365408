//! `mainstay backup` and `mainstay restore`.

use anyhow::Result;
use bootstrap::operator;
use clap::{Args, Subcommand};

/// `mainstay backup …`
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Backup {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where to: file://<directory> or s3://<bucket>/<folder>?region=…; S3 keys are better in AWS_ACCESS_KEY_ID and
    /// AWS_SECRET_ACCESS_KEY than here.
    #[arg(long, value_name = "URL", required = true)]
    to: Option<String>,
    /// The size of a part at most, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    part_size: u64,
}

#[derive(Subcommand)]
enum Command {
    /// List what is there, oldest first.
    List {
        /// Where.
        #[arg(long, value_name = "URL")]
        at: String,
    },
    /// Read a whole backup and compare it with what was written.
    Verify {
        /// Where.
        #[arg(long, value_name = "URL")]
        at: String,
        /// Which one; the newest unless given.
        name: Option<String>,
    },
}

/// `mainstay restore …`
#[derive(Args)]
pub(crate) struct Restore {
    /// Where from.
    #[arg(long, value_name = "URL")]
    from: String,
    /// Which one; the newest unless given.
    name: Option<String>,
    /// Replace what is in the database. All of that is lost.
    #[arg(long)]
    force: bool,
}

/// Backs up, or looks at backups.
pub(crate) async fn backup(arguments: Backup) -> Result<()> {
    let loaded = operator::configuration()?;
    match (arguments.command, arguments.to) {
        (Some(Command::List { at }), _) => {
            for found in operator::backups(&loaded, &at).await? {
                let size = megabytes(found.listed.stored_bytes);
                match found.manifest {
                    Ok((manifest, origin)) => println!(
                        "{}  {size:>12}  {}  {} migrations  {}",
                        manifest.name,
                        origin.engine,
                        origin.migrations.len(),
                        manifest.program
                    ),
                    Err(error) => println!("{}  {size:>12}  UNUSABLE: {error:#}", found.listed.name),
                }
            }
        }
        (Some(Command::Verify { at, name }), _) => {
            let manifest = operator::verify_backup(&loaded, &at, name.as_deref()).await?;
            println!("{} is whole: {} of content", manifest.name, megabytes(manifest.content_bytes));
        }
        (None, Some(to)) => {
            let manifest = operator::backup(&loaded, &to, arguments.part_size * 1024 * 1024).await?;
            let seconds = (manifest.finished_at - manifest.started_at).as_seconds_f64();
            let (content, stored) = (megabytes(manifest.content_bytes), megabytes(manifest.stored_bytes()));
            println!("{}: {content}, stored in {stored}, in {seconds:.1} s", manifest.name);
            println!("it can be restored only with the master key, which is NOT in it");
        }
        // The parser demands one of them.
        (None, None) => {}
    }
    Ok(())
}

/// Restores.
pub(crate) async fn restore(arguments: Restore) -> Result<()> {
    let loaded = operator::configuration()?;
    let (from, name) = (&arguments.from, arguments.name.as_deref());
    let manifest = operator::restore(&loaded, from, name, arguments.force).await?;
    println!("restored {}: {}", manifest.name, megabytes(manifest.content_bytes));
    println!("now run `mainstay migrate up`");
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "one decimal place is shown")]
fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
