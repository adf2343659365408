//! Looks at everything a process needs, and says what to do about what is missing.

use std::net::{TcpListener, TcpStream};
use std::path::Path;

use anyhow::Result;
use db::{Database, Process};
use ports::Clock;
use system::SystemClock;

use super::schema::amiss;
use crate::config::{Config, Loaded};
use crate::core::{connect, excess_of, unread_of};
use crate::drivers::blobs;

/// Clocks further apart than this break tokens and leases.
const TOLERABLE_SKEW_MS: i64 = 2_000;

/// One thing that was looked at.
pub struct Check {
    /// What.
    pub name: &'static str,
    /// How it is.
    pub found: Result<String>,
    /// What to do if it is not well.
    pub remedy: &'static str,
}

impl Check {
    fn new(name: &'static str, found: Result<String>, remedy: &'static str) -> Self {
        Self { name, found, remedy }
    }
}

/// Looks at everything. The configuration has been read already, which is the first check.
pub async fn doctor(loaded: &Loaded) -> Vec<Check> {
    let config = &loaded.config;
    let environment = config.environment.as_str().to_owned();
    let mut checks = vec![
        Check::new("configuration", Ok(environment), ""),
        Check::new(
            "data directory",
            writable(&config.data_dir),
            "make it writable, or set MAINSTAY_DATA_DIR",
        ),
        Check::new("port", free(config), "stop what listens there, or set MAINSTAY_SERVER__PORT"),
    ];
    checks.push(Check::new("storage", storage(config).await, "correct MAINSTAY_STORAGE__URL, or let us in"));
    checks.push(Check::new(
        "cache",
        super::cache::look(config).await,
        "start it, or correct MAINSTAY_CACHE__URL",
    ));
    checks.push(Check::new(
        "locks",
        super::cache::locks(config).await,
        "start it with `maxmemory-policy noeviction`, or correct MAINSTAY_LOCKS__URL",
    ));
    checks.push(Check::new(
        "broker",
        super::events::look(config).await,
        "start it, or correct MAINSTAY_BROKER__URL",
    ));
    match connect(config, Process::Cli).await {
        Ok(database) => {
            checks.push(Check::new("database", Ok("answers".to_owned()), ""));
            checks.push(Check::new("migrations", migrations(&database).await, "run `mainstay migrate up`"));
            checks.push(Check::new("assets", assets(&database).await, "run `mainstay assets apply`"));
            checks.push(Check::new("clock", clock(&database).await, "synchronise the clocks (NTP)"));
            checks.push(Check::new(
                "database role",
                role(config, &database).await,
                "`mainstay roles sql` prints how to give the service a role of its own",
            ));
        }
        Err(error) => {
            checks.push(Check::new("database", Err(error), "start it, or correct MAINSTAY_DATABASE__URL"));
        }
    }
    checks
}

fn writable(directory: &Path) -> Result<String> {
    let probe = directory.join(".write-probe");
    std::fs::create_dir_all(directory)?;
    std::fs::write(&probe, b"probe")?;
    std::fs::remove_file(&probe)?;
    Ok(directory.display().to_string())
}

fn free(config: &Config) -> Result<String> {
    let address = (config.server.host.as_str(), config.server.port);
    // A running API leaves its address in the data directory.
    let running = std::fs::read_to_string(config.data_dir.join("api.addr")).unwrap_or_default();
    if running.ends_with(&format!(":{}", config.server.port)) && TcpStream::connect(&running).is_ok() {
        return Ok(format!("{running} is served by the API of this data directory"));
    }
    let listener = TcpListener::bind(address)?;
    Ok(format!("{} is free", listener.local_addr()?))
}

async fn storage(config: &Config) -> Result<String> {
    let url = &config.storage.url;
    blobs().connect(url.scheme(), url)?.check().await?;
    Ok(url.to_string())
}

async fn migrations(database: &Database) -> Result<String> {
    let pending = database.store().pending_migrations().await?;
    anyhow::ensure!(pending.is_empty(), "{} are pending: {}", pending.len(), pending.join(", "));
    Ok("complete".to_owned())
}

async fn assets(database: &Database) -> Result<String> {
    let assets = database.asset_status().await?;
    let amiss = amiss(&assets);
    anyhow::ensure!(amiss.is_empty(), "not as this program has them: {}", amiss.join(", "));
    Ok("views, triggers and routines are in place".to_owned())
}

async fn clock(database: &Database) -> Result<String> {
    let skew = (database.server_time().await? - SystemClock.now()).num_milliseconds();
    anyhow::ensure!(
        skew.abs() <= TOLERABLE_SKEW_MS,
        "the database's clock is {skew} ms away from this machine's"
    );
    Ok(format!("{skew} ms from the database's"))
}

async fn role(config: &Config, database: &Database) -> Result<String> {
    let Some(standing) = database.standing().await? else { return Ok("SQLite knows none".to_owned()) };
    match excess_of(&standing) {
        None => {
            let acts = format!("acts as {}, who owns nothing", standing.acts_as);
            Ok(match (&standing.reader, unread_of(&standing)) {
                (Some(reader), _) => format!("{acts}; reads as {reader}"),
                (None, Some(unread)) => format!("{acts}; {unread}"),
                (None, None) => acts,
            })
        }
        Some(excess) if !config.environment.is_production() => {
            Ok(format!("{excess} (fine outside production)"))
        }
        Some(excess) => anyhow::bail!("{excess}"),
    }
}
