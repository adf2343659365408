//! What every process shares: the database, the adapters, the use cases on top.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use application::{
    Application, Context, Core, Events, OAuth, Outside, RateLimits, Retention, Settings, TaskErrands, Tenancy,
};
use db::{Database, Process, Role, Standing};
use domain::{Lifetimes, Lockout, PasswordPolicy};
use http_client::ReqwestHttpClient;
use keys_sealed::{AeadColumns, AeadSealer, ColumnSettings, master_key_file};
use ports::{
    BlobStore, Cache, Chain, Clock, Errands, EventBroker, HttpClient, IdentityProvider, Locks, Mailer,
    Random, RevisionMirror, Sealer,
};
use relying_party_passki::PasskiRelyingParty;
use secrecy::SecretBox;
use system::{OsRandom, SnowflakeIds, SystemClock};

use crate::config::{Config, MasterKeys, TenancyMode};
use crate::drivers::{
    CacheParts, LockParts, MailParts, ProviderParts, blobs, brokers, caches, identity_providers, locks,
    mailers, mirrors,
};

/// What a test may put in the place of the real thing.
#[derive(Clone, Default)]
pub struct Overrides {
    /// Its own time.
    pub clock: Option<Arc<dyn Clock>>,
}

impl Overrides {
    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone().unwrap_or_else(|| Arc::new(SystemClock))
    }
}

/// The shared part of a process, ready to work.
pub(crate) struct Shared {
    pub(crate) core: Core,
    pub(crate) app: Application,
    pub(crate) database: Database,
    pub(crate) broker: Arc<dyn EventBroker>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

/// Connects the database. Nothing of ours is written yet.
pub(crate) async fn connect(config: &Config, kind: Process) -> Result<Database> {
    connect_with(config, kind, &Overrides::default()).await
}

/// The same, for a process that a test owns.
pub(crate) async fn connect_with(config: &Config, kind: Process, overrides: &Overrides) -> Result<Database> {
    create_private(&config.data_dir)
        .with_context(|| format!("can't create the data directory {}", config.data_dir.display()))?;
    let settings = db::Settings { mirror: mirror(config)?, ..settings_of_database(config, kind, overrides) };
    db::connect(&settings).await.context("can't connect to the database; check MAINSTAY_DATABASE__URL")
}

/// Where the database is, as its adapter wants to hear it.
pub(crate) fn settings_of_database(config: &Config, kind: Process, overrides: &Overrides) -> db::Settings {
    let columns = ColumnSettings { oldest: KEEP_WRITING * keys_every(config) };
    db::Settings {
        url: config.database.url.expose().to_owned(),
        owner_url: config.database.owner_url.as_ref().map(|url| url.expose().to_owned()),
        replica_urls: config.database.replica_urls.iter().map(|url| url.expose().to_owned()).collect(),
        replica_max_lag: Duration::from_secs(config.database.replica_max_lag_seconds),
        slow: Some(Duration::from_millis(config.database.slow_query_ms)).filter(|slow| !slow.is_zero()),
        errands: config.database.sql_comments.then(|| Arc::new(TaskErrands) as Arc<dyn Errands>),
        role: config
            .database
            .role
            .as_ref()
            .map(|role| Role { name: role.as_str().to_owned(), required: !config.environment.is_local() }),
        max_connections: config.database.max_connections,
        threads: if kind == Process::Api { config.server.workers.unwrap_or_else(cores) } else { 0 },
        kind,
        node_id: config.node.id,
        cipher: Arc::new(AeadColumns::new(columns, Arc::new(OsRandom), overrides.clock())),
        mirror: None,
        random: Arc::new(OsRandom),
    }
}

/// What is embedded lies there in the clear: nobody else on the machine needs to look.
pub(crate) fn create_private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// In development the schema follows the program; elsewhere an operator decides when.
pub(crate) async fn migrate(config: &Config, database: &Database) -> Result<()> {
    if config.environment.is_local() {
        return database.migrate_up().await.context("can't bring the database's schema up to date");
    }
    let pending =
        database.store().pending_migrations().await.context("can't read the state of the schema")?;
    if !pending.is_empty() {
        bail!("the database lacks {} migrations; run `mainstay migrate up`", pending.len());
    }
    Ok(())
}

/// A service that could drop its own tables is one mistake away from having none. Production refuses it, staging says
/// so, and development does as it likes.
async fn judge_standing(config: &Config, database: &Database) -> Result<()> {
    let standing = database.standing().await.context("can't ask for the rights of the database's user")?;
    if let Some(unread) = standing.as_ref().and_then(unread_of)
        && !config.environment.is_local()
    {
        tracing::warn!("{unread}; `mainstay roles sql` prints how to give it one");
    }
    let Some(excess) = standing.as_ref().and_then(excess_of) else { return Ok(()) };
    if config.environment.is_production() {
        bail!("the service {excess}; `mainstay roles sql` prints how to give it a role of its own");
    }
    if !config.environment.is_local() {
        tracing::warn!("the service {excess}; production refuses that");
    }
    Ok(())
}

/// What the service could do that it should not be able to, if anything.
pub(crate) fn excess_of(standing: &Standing) -> Option<String> {
    let Standing { acts_as, superuser, owner, .. } = standing;
    match (superuser, owner) {
        (true, _) => {
            Some(format!("acts as {acts_as}, and its login may do anything in the database's server"))
        }
        (_, true) => Some(format!("acts as {acts_as}, who owns the tables or may change them")),
        (false, false) => None,
    }
}

/// What is amiss where reads act as the service itself, if they do.
pub(crate) fn unread_of(standing: &Standing) -> Option<String> {
    let Standing { acts_as, reads_of_all, .. } = standing;
    reads_of_all.then(|| {
        format!("{acts_as} reads rows of all tenants even in units of work, without a role for reads")
    })
}

/// Joins the cluster, builds the adapters and wires the use cases.
pub(crate) async fn assemble(config: &Config, database: Database, overrides: Overrides) -> Result<Shared> {
    let clock = overrides.clock();
    let random: Arc<dyn Random> = Arc::new(OsRandom);
    judge_standing(config, &database).await?;
    database.join().await.context("can't join the processes that share the database")?;
    let sealer: Arc<dyn Sealer> = Arc::new(sealer(config, Arc::clone(&random))?);
    let tokens = token_jwt::Settings {
        issuer: config.auth.issuer.clone(),
        audience: config.auth.audience.clone(),
        leeway: Duration::ZERO,
    };
    let outside = Outside {
        store: database.store(),
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
        ids: Arc::new(SnowflakeIds::new(Arc::clone(&clock), Arc::clone(&random), database.cluster())),
        hasher: Arc::new(hasher(config, Arc::clone(&random))?),
        policy: Arc::new(policy_casbin::CasbinEngine),
        tokens: Arc::new(token_jwt::JwtIssuer::new(tokens, Arc::clone(&clock))),
        relying_party: Arc::new(relying_party(config)),
        sealer,
        columns: database.cipher(),
        cluster: database.cluster(),
        locks: lock_driver(config, &database)?,
        cache: cache(config, &clock, &random)?,
        mirror: database.mirror(),
        blobs: blob_store(config)?,
        mailer: mailer(config, &database, &clock)?,
        providers: providers(config, &clock, &random)?,
        settings: settings(config),
    };
    let core = Core::new(outside);
    let app = Application::new(core.clone());
    let context = Context::system("start", None);
    app.keys
        .ensure(&context)
        .await
        .context("can't open the key ring; was MAINSTAY_SECURITY__MASTER_KEY changed?")?;
    Ok(Shared { core, app, database, broker: event_broker(config)?, clock, random })
}

/// For so many periods a process goes on writing under keys that it could not read again …
const KEEP_WRITING: u32 = 3;
/// … and for so many more a new key is published before anybody uses it.
const PUBLISHED: u32 = 5;

/// How often the key ring is read.
pub(crate) fn keys_every(config: &Config) -> Duration {
    Duration::from_secs(config.security.keys_every_seconds)
}

/// Reads the key ring from time to time.
pub(crate) async fn keep_keys(app: Application, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        if let Err(error) = app.keys.reload().await {
            tracing::warn!(%error, "the key ring could not be read again");
        }
    }
}

/// How often it is written which sessions were used.
const WRITE_USES_EVERY: Duration = Duration::from_secs(15);

/// Writes from time to time which sessions were used.
pub(crate) async fn keep_uses(app: Application) {
    loop {
        tokio::time::sleep(WRITE_USES_EVERY).await;
        write_uses(&app).await;
    }
}

/// Writes which sessions were used. What can't be written is not worth stopping for.
pub(crate) async fn write_uses(app: &Application) {
    if let Err(error) = app.auth.write_uses().await {
        tracing::warn!(error = %Chain(&error), "it could not be written which sessions were used");
    }
}

/// Seals under the configured master keys, or under the data directory's own.
pub(crate) fn sealer(config: &Config, random: Arc<dyn Random>) -> Result<AeadSealer> {
    let keys = match &config.security.master_key {
        Some(keys) => keys.iter().copied().collect(),
        None => vec![own_master_key(config, random.as_ref())?],
    };
    AeadSealer::new(keys, random).context("the master key can't be used")
}

/// Where the key lies unless it is configured.
pub(crate) fn master_key_path(config: &Config) -> PathBuf {
    config.data_dir.join("master.key")
}

/// Development needs no key management: the key lies in the data directory.
fn own_master_key(config: &Config, random: &dyn Random) -> Result<[u8; 32]> {
    let key = master_key_file(&master_key_path(config), random);
    let key = key.context("can't read or create the master key")?;
    if key.readable_by_others {
        tracing::warn!("the master key file is readable by others; `chmod 600` it");
    }
    Ok(key.bytes)
}

fn hasher(config: &Config, random: Arc<dyn Random>) -> Result<password_argon2::Argon2Hasher> {
    let settings = password_argon2::Settings {
        memory_kib: config.auth.hash_memory_kib,
        iterations: config.auth.hash_iterations,
        parallelism: config.auth.hash_parallelism,
        threads: config.auth.hash_threads.unwrap_or_else(cores),
        max_waiting: config.auth.hash_queue,
    };
    let keys = config.security.password_pepper.iter().flat_map(MasterKeys::iter);
    let peppers = keys.map(|key| SecretBox::new(Box::new(*key))).collect();
    password_argon2::Argon2Hasher::new(settings, peppers, random).context("password hashing can't be set up")
}

fn relying_party(config: &Config) -> PasskiRelyingParty {
    let (id, origins) = config.passkeys();
    PasskiRelyingParty::new(&relying_party_passki::Settings { id, origins })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn lock_driver(config: &Config, database: &Database) -> Result<Arc<dyn Locks>> {
    let parts = LockParts { url: config.locks.url.clone(), database: database.locks() };
    locks()
        .connect(config.locks.url.scheme(), &parts)
        .context("locks can't be set up; check MAINSTAY_LOCKS__URL")
}

fn cache(config: &Config, clock: &Arc<dyn Clock>, random: &Arc<dyn Random>) -> Result<Arc<dyn Cache>> {
    let url = config.cache.url.clone();
    let parts = CacheParts { url, clock: Arc::clone(clock), random: Arc::clone(random) };
    caches()
        .connect(config.cache.url.scheme(), &parts)
        .context("the cache can't be set up; check MAINSTAY_CACHE__URL")
}

/// Where processes mirror revisions: in the cache, if that is one that they share.
fn mirror(config: &Config) -> Result<Option<Arc<dyn RevisionMirror>>> {
    let (url, drivers) = (&config.cache.url, mirrors());
    if !drivers.schemes().contains(&url.scheme()) {
        return Ok(None);
    }
    let mirror = drivers.connect(url.scheme(), url);
    Ok(Some(mirror.context("the cache can't be set up; check MAINSTAY_CACHE__URL")?))
}

fn blob_store(config: &Config) -> Result<Arc<dyn BlobStore>> {
    let url = &config.storage.url;
    blobs().connect(url.scheme(), url).context("files can't be kept; check MAINSTAY_STORAGE__URL")
}

/// Where events go.
pub(crate) fn event_broker(config: &Config) -> Result<Arc<dyn EventBroker>> {
    let url = &config.broker.url;
    brokers().connect(url.scheme(), url).context("the broker can't be set up; check MAINSTAY_BROKER__URL")
}

fn mailer(config: &Config, database: &Database, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Mailer>> {
    let parts = MailParts {
        url: config.mail.url.clone(),
        from: config.mail.from.as_str().to_owned(),
        store: database.store(),
        clock: Arc::clone(clock),
    };
    mailers()
        .connect(config.mail.url.scheme(), &parts)
        .context("mail can't be set up; check MAINSTAY_MAIL__URL")
}

/// The one client for all that goes out.
fn http_client(config: &Config, clock: &Arc<dyn Clock>, random: &Arc<dyn Random>) -> Arc<dyn HttpClient> {
    let settings = http_client::Settings { allowed_networks: config.outgoing.allowed_networks.clone() };
    Arc::new(ReqwestHttpClient::new(settings, Arc::clone(clock), Arc::clone(random)))
}

fn providers(
    config: &Config,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
) -> Result<BTreeMap<String, Arc<dyn IdentityProvider>>> {
    let http = http_client(config, clock, random);
    let connected = config.oauth.providers.iter().map(|provider| {
        let (http, clock) = (Arc::clone(&http), Arc::clone(clock));
        let parts = ProviderParts { url: provider.url.clone(), http, clock };
        let connected = identity_providers().connect(provider.url.scheme(), &parts).with_context(|| {
            format!("the provider {} can't be set up; check MAINSTAY_OAUTH__PROVIDERS", provider.name)
        })?;
        Ok((provider.name.clone(), connected))
    });
    connected.collect()
}

fn rate_limits(config: &Config) -> RateLimits {
    let rules = &config.rate_limit;
    RateLimits {
        enabled: rules.enabled,
        secrets_per_minute: rules.secrets_per_minute,
        sessions_per_minute: rules.sessions_per_minute,
        mails_per_minute: rules.mails_per_minute,
        guesses_per_hour: rules.guesses_per_hour,
        mails_per_hour: rules.mails_per_hour,
        mails_per_day: rules.mails_per_day,
    }
}

fn settings(config: &Config) -> Settings {
    let auth = &config.auth;
    let days = |days: u32| Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    let link_base = config.server.front_end_url.as_ref().unwrap_or(&config.server.public_url);
    Settings {
        issuer: auth.issuer.clone(),
        audience: auth.audience.clone(),
        link_base: link_base.as_url().clone(),
        lifetimes: Lifetimes {
            access: Duration::from_secs(auth.access_token_seconds),
            idle: days(auth.refresh_idle_days),
            absolute: days(auth.refresh_absolute_days),
            reuse_grace: Duration::from_secs(auth.refresh_reuse_grace_seconds),
        },
        password_policy: PasswordPolicy { min_length: auth.password_min_length },
        password_history: auth.password_history,
        lockout: Lockout::default(),
        rate_limits: rate_limits(config),
        keys_published: PUBLISHED * keys_every(config),
        events: Events {
            source: config.events.source.clone(),
            type_prefix: config.events.type_prefix.as_str().to_owned(),
        },
        tenancy: match config.tenancy.mode {
            TenancyMode::Single => Tenancy::Single,
            TenancyMode::Multi => Tenancy::Multi,
        },
        retention: Retention {
            deleted_users: days(config.retention.deleted_users_days),
            dead_events: days(config.retention.dead_events_days),
        },
        oauth: OAuth {
            callbacks: format!("{}/api/v1/auth/oauth", config.server.public_url.as_str()),
            redirect_uris: config.oauth.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect(),
        },
    }
}
