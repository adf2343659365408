//! `mainstay`: the operator's command.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its terminal")]

mod assets;
mod backup;
mod events;
mod jobs;
mod keys;
mod migrate;
mod outbox;
mod roles;
mod seed;
mod tenants;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use bootstrap::config::{EXIT_STATUS, env_example};
use bootstrap::operator;
use clap::{Parser, Subcommand};

/// Operate a Mainstay installation. Configuration is read as by the servers: mainstay.toml, .env, environment.
#[derive(Parser)]
#[command(name = "mainstay", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The database's schema.
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// The database's views, triggers, routines and schedules.
    #[command(subcommand)]
    Assets(assets::Assets),
    /// Who may do what in the database.
    #[command(subcommand)]
    Roles(roles::Roles),
    /// The keys that sign, encrypt and derive.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Write what an installation begins with, and outside production a demo. A second run adds what is missing.
    Seed(seed::Seed),
    /// Tenants, on their way out and in.
    #[command(subcommand)]
    Tenants(tenants::Tenants),
    /// The configuration.
    #[command(subcommand)]
    Config(Configuration),
    /// Events that consumers have refused.
    #[command(subcommand)]
    Events(events::Events),
    /// Background jobs and their queues.
    #[command(subcommand)]
    Jobs(jobs::Jobs),
    /// Events on their way out.
    #[command(subcommand)]
    Outbox(outbox::Outbox),
    /// Look at everything a server needs and say what to do.
    Doctor,
    /// Write an encrypted backup of the database, while it is in use.
    Backup(backup::Backup),
    /// Restore a backup into the configured database.
    Restore(backup::Restore),
    /// Print the OpenAPI document.
    Openapi,
}

#[derive(Subcommand)]
enum Configuration {
    /// Validate it; exit status 78 when it is refused.
    Check,
    /// Print every variable, redacted, with the layer its value came from.
    Show,
    /// Print `.env.example`.
    Example,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().context("can't start threads");
    match runtime.and_then(|runtime| runtime.block_on(execute(Arguments::parse().command))) {
        Ok(status) => status,
        Err(error) if operator::is_configuration(&error) => {
            eprintln!("{error}");
            ExitCode::from(EXIT_STATUS)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn execute(command: Command) -> Result<ExitCode> {
    match command {
        Command::Migrate(command) => migrate::execute(command).await?,
        Command::Assets(command) => assets::execute(command).await?,
        Command::Roles(command) => roles::execute(command)?,
        Command::Seed(command) => seed::execute(command).await?,
        Command::Keys(command) => return keys::execute(command).await,
        Command::Tenants(command) => tenants::execute(command).await?,
        Command::Config(Configuration::Check) => {
            operator::configuration()?;
            println!("the configuration is valid");
        }
        Command::Config(Configuration::Show) => print!("{}", operator::configuration()?.show()),
        Command::Config(Configuration::Example) => print!("{}", env_example()),
        Command::Events(command) => events::execute(command).await?,
        Command::Jobs(command) => jobs::execute(command).await?,
        Command::Outbox(command) => outbox::execute(command).await?,
        Command::Doctor => return Ok(report(&operator::doctor(&operator::configuration()?).await)),
        Command::Backup(arguments) => backup::backup(arguments).await?,
        Command::Restore(arguments) => backup::restore(arguments).await?,
        Command::Openapi => println!("{}", operator::openapi()?),
    }
    Ok(ExitCode::SUCCESS)
}

fn report(checks: &[operator::Check]) -> ExitCode {
    for check in checks {
        match &check.found {
            Ok(found) => println!("ok    {:<16} {found}", check.name),
            Err(error) => println!("FAIL  {:<16} {error:#}\n      {:<16} → {}", check.name, "", check.remedy),
        }
    }
    let failed = checks.iter().any(|check| check.found.is_err());
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
