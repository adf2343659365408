//! The configuration: which variables there are, where their values come from,
//! and whether the whole of it is fit to start with.
//!
//! The way of a value: [`Source`] (files and environment) → `layers` (text by
//! layer) → `draft` (figment merges; every text remembers its layer) →
//! `sections` (typed, one file each) → `checks` (across sections, and what
//! production refuses). Problems are collected along the way, never thrown, so
//! that an operator sees all of them at once.
//!
//! It must not know: adapters. Which URL schemes exist is told by the
//! composition root, as [`Schemes`].

mod catalogue;
mod checks;
mod draft;
mod example;
mod layers;
mod loaded;
mod names;
mod problems;
mod redact;
mod section;
mod sections;
mod settings;
mod source;
#[cfg(test)]
mod tests;
mod variable;

use std::path::PathBuf;

pub use checks::Schemes;
pub use example::env_example;
pub use loaded::Loaded;
pub use problems::{Problem, Problems};
pub use sections::*;
pub use settings::*;
pub use source::Source;

/// Exit status of a process whose configuration is refused (`EX_CONFIG` of BSD's `sysexits.h`).
pub const EXIT_STATUS: u8 = 78;

/// Everything an operator can set, typed and checked. Cloning is cheap enough for start-up.
#[derive(Clone, Debug)]
pub struct Config {
    pub environment: Environment,
    pub data_dir: PathBuf,
    pub server: ServerConfig,
    pub database: DatabaseConfig,
    pub cache: CacheConfig,
    pub locks: LocksConfig,
    pub queue: QueueConfig,
    pub broker: BrokerConfig,
    pub events: EventsConfig,
    pub storage: StorageConfig,
    pub mail: MailConfig,
    pub security: SecurityConfig,
    pub auth: AuthConfig,
    pub oauth: OAuthConfig,
    pub outgoing: OutgoingConfig,
    pub tenancy: TenancyConfig,
    pub retention: RetentionConfig,
    pub worker: WorkerConfig,
    pub node: NodeConfig,
    pub rate_limit: RateLimitConfig,
    pub metrics: MetricsConfig,
    pub log: LogConfig,
    pub telemetry: TelemetryConfig,
    pub bootstrap_admin: BootstrapAdminConfig,
}

impl Config {
    /// Reads, merges and checks the configuration.
    ///
    /// # Errors
    /// Every problem of every layer and section, in one value.
    pub fn load(source: &Source, schemes: &Schemes) -> Result<Loaded, Problems> {
        let mut draft = draft::Draft::merge(source);
        let config = Self::read(&mut draft);
        if let Some(config) = &config {
            checks::run(config, schemes, &mut draft);
        }
        draft.finish(config)
    }

    /// The domain that passkeys are bound to, and the origins whose pages may use them.
    pub(crate) fn passkeys(&self) -> (String, Vec<String>) {
        let url = self.server.public_url.on_localhost();
        let host = || url.host_str().unwrap_or_default().to_owned();
        let id = self.auth.passkey_rp_id.as_ref().map_or_else(host, |id| id.as_str().to_owned());
        let set: Vec<_> = self.auth.passkey_origins.iter().map(|origin| origin.as_str().to_owned()).collect();
        (id, if set.is_empty() { vec![url.origin().ascii_serialization()] } else { set })
    }

    /// The order matters: a derived default may refer only to what was read before it.
    fn read(draft: &mut draft::Draft) -> Option<Self> {
        let general = sections::General::read(draft)?;
        Some(Self {
            environment: general.environment,
            data_dir: general.data_dir,
            server: ServerConfig::read(draft)?,
            database: DatabaseConfig::read(draft)?,
            cache: CacheConfig::read(draft)?,
            locks: LocksConfig::read(draft)?,
            queue: QueueConfig::read(draft)?,
            broker: BrokerConfig::read(draft)?,
            events: EventsConfig::read(draft)?,
            storage: StorageConfig::read(draft)?,
            mail: MailConfig::read(draft)?,
            security: SecurityConfig::read(draft)?,
            auth: AuthConfig::read(draft)?,
            oauth: OAuthConfig::read(draft)?,
            outgoing: OutgoingConfig::read(draft)?,
            tenancy: TenancyConfig::read(draft)?,
            retention: RetentionConfig::read(draft)?,
            worker: WorkerConfig::read(draft)?,
            node: NodeConfig::read(draft)?,
            rate_limit: RateLimitConfig::read(draft)?,
            metrics: MetricsConfig::read(draft)?,
            log: LogConfig::read(draft)?,
            telemetry: TelemetryConfig::read(draft)?,
            bootstrap_admin: BootstrapAdminConfig::read(draft)?,
        })
    }
}
