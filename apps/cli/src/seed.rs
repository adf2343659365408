//! `mainstay seed`.

use anyhow::Result;
use bootstrap::operator;
use clap::Args;

#[derive(Args)]
pub(crate) struct Seed {
    /// One of `platform`, `tenants`, `people`, `activity`, with what it stands on; may be repeated.
    #[arg(long)]
    only: Vec<String>,
    /// Users of the demo. More than last time adds the rest.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    users: u32,
    /// Other numbers give other people, beside those of the first.
    #[arg(long = "seed", value_name = "SEED", default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=1_023))]
    number: u16,
}

pub(crate) async fn execute(command: Seed) -> Result<()> {
    let loaded = operator::configuration()?;
    let Seed { only, users, number } = command;
    let password = operator::seed(&loaded, &only, users, number, |done| {
        println!("{:<10} {:>10} written in {:.1} s", done.name, done.written, done.took.as_secs_f64());
    })
    .await?;
    if let Some(password) = password {
        println!("everybody's password in the demo: {password}");
    }
    Ok(())
}
