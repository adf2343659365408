//! Which adapter stands behind which URL scheme: ONE line per adapter.

use std::sync::Arc;

use broker_memory::MemoryBroker;
use broker_nats::NatsBroker;
use broker_rabbitmq::RabbitBroker;
use cache_memory::MemoryCache;
use cache_redis::{Address, RedisCache, RedisLocks, RedisRevisions};
use cache_tiered::TieredCache;
use delivery::Patience;
use identity_oauth::{GithubProvider, OidcProvider};
use notifier_capture::CaptureMailer;
use notifier_smtp::SmtpMailer;
use ports::{
    BlobStore, Cache, Clock, Error, EventBroker, HttpClient, IdentityProvider, Kind, Locks, Mailer, Random,
    Result, RevisionMirror, Store,
};
use storage_object::ObjectBlobStore;
use system::OsRandom;

use crate::config::{Schemes, SecretUrl};

/// What a mail driver is connected with.
pub(crate) struct MailParts {
    pub(crate) url: SecretUrl,
    pub(crate) from: String,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What a cache is connected with.
pub(crate) struct CacheParts {
    pub(crate) url: SecretUrl,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

/// What locks are connected with.
pub(crate) struct LockParts {
    pub(crate) url: SecretUrl,
    pub(crate) database: Arc<dyn Locks>,
}

/// What an identity provider is connected with.
pub(crate) struct ProviderParts {
    pub(crate) url: SecretUrl,
    pub(crate) http: Arc<dyn HttpClient>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl ProviderParts {
    fn shared(&self) -> (Arc<dyn HttpClient>, Arc<dyn Clock>) {
        (Arc::clone(&self.http), Arc::clone(&self.clock))
    }
}

/// Connects one driver.
type Connect<P, T> = fn(&P) -> Result<Arc<T>>;

/// The drivers of one port, by scheme.
pub(crate) struct Drivers<P, T: ?Sized>(Vec<(&'static str, Connect<P, T>)>);

impl<P, T: ?Sized> Drivers<P, T> {
    fn none() -> Self {
        Self(Vec::new())
    }

    fn with(mut self, scheme: &'static str, connect: Connect<P, T>) -> Self {
        self.0.push((scheme, connect));
        self
    }

    pub(crate) fn schemes(&self) -> Vec<&'static str> {
        self.0.iter().map(|(scheme, _)| *scheme).collect()
    }

    /// Connects the driver of a scheme. Configuration has refused unknown schemes before.
    pub(crate) fn connect(&self, scheme: &str, parts: &P) -> Result<Arc<T>> {
        let driver = self.0.iter().find(|(known, _)| *known == scheme);
        let (_, connect) = driver.ok_or_else(|| Error::new(Kind::Unsupported, "drivers.connect"))?;
        connect(parts)
    }
}

/// Mail.
pub(crate) fn mailers() -> Drivers<MailParts, dyn Mailer> {
    Drivers::<MailParts, dyn Mailer>::none()
        .with("capture", |m| Ok(Arc::new(CaptureMailer::new(Arc::clone(&m.store), Arc::clone(&m.clock)))))
        .with("smtp", |m| Ok(Arc::new(SmtpMailer::connect(m.url.expose(), &m.from)?)))
        .with("smtps", |m| Ok(Arc::new(SmtpMailer::connect(m.url.expose(), &m.from)?)))
}

/// Values that may be forgotten.
pub(crate) fn caches() -> Drivers<CacheParts, dyn Cache> {
    Drivers::<CacheParts, dyn Cache>::none()
        .with("memory", |c| Ok(Arc::new(MemoryCache::connect(c.url.expose(), Arc::clone(&c.clock))?)))
        .with("redis", |c| Ok(Arc::new(tiered(c)?)))
        .with("rediss", |c| Ok(Arc::new(tiered(c)?)))
        .with("redis-cluster", |c| Ok(Arc::new(tiered(c)?)))
        .with("redis-sentinel", |c| Ok(Arc::new(tiered(c)?)))
        .with("redis+sentinel", |c| Ok(Arc::new(tiered(c)?)))
}

/// Memory in front of Redis.
fn tiered(parts: &CacheParts) -> Result<TieredCache> {
    let (clock, random) = (Arc::clone(&parts.clock), Arc::clone(&parts.random));
    let near = Arc::new(MemoryCache::connect("memory://", clock)?);
    let far = Arc::new(RedisCache::connect(Address::parse(parts.url.expose())?, Arc::clone(&random))?);
    TieredCache::connect(parts.url.expose(), near, far, random.as_ref())
}

/// Revisions, where the cache is one that processes share.
pub(crate) fn mirrors() -> Drivers<SecretUrl, dyn RevisionMirror> {
    Drivers::<SecretUrl, dyn RevisionMirror>::none()
        .with("redis", |url| Ok(Arc::new(revisions(url)?)))
        .with("rediss", |url| Ok(Arc::new(revisions(url)?)))
        .with("redis-cluster", |url| Ok(Arc::new(revisions(url)?)))
        .with("redis-sentinel", |url| Ok(Arc::new(revisions(url)?)))
        .with("redis+sentinel", |url| Ok(Arc::new(revisions(url)?)))
}

fn revisions(url: &SecretUrl) -> Result<RedisRevisions> {
    RedisRevisions::connect(Address::parse(url.expose())?, Arc::new(OsRandom))
}

/// Locks.
pub(crate) fn locks() -> Drivers<LockParts, dyn Locks> {
    Drivers::<LockParts, dyn Locks>::none()
        .with("database", |l| Ok(Arc::clone(&l.database)))
        .with("redis", |l| Ok(Arc::new(RedisLocks::connect(Address::parse(l.url.expose())?)?)))
        .with("rediss", |l| Ok(Arc::new(RedisLocks::connect(Address::parse(l.url.expose())?)?)))
        .with("redis-cluster", |l| Ok(Arc::new(RedisLocks::connect(Address::parse(l.url.expose())?)?)))
        .with("redis-sentinel", |l| Ok(Arc::new(RedisLocks::connect(Address::parse(l.url.expose())?)?)))
}

/// Events.
pub(crate) fn brokers() -> Drivers<SecretUrl, dyn EventBroker> {
    Drivers::<SecretUrl, dyn EventBroker>::none()
        .with("memory", |_| Ok(Arc::new(MemoryBroker::default())))
        .with("nats", |url| Ok(Arc::new(NatsBroker::connect(url.expose(), Patience::default())?)))
        .with("amqp", |url| Ok(Arc::new(RabbitBroker::connect(url.expose(), Patience::default())?)))
        .with("amqps", |url| Ok(Arc::new(RabbitBroker::connect(url.expose(), Patience::default())?)))
}

/// Whoever else knows people.
pub(crate) fn identity_providers() -> Drivers<ProviderParts, dyn IdentityProvider> {
    Drivers::<ProviderParts, dyn IdentityProvider>::none()
        .with("oidc", oidc)
        .with("oidc+http", oidc)
        .with("google", google)
        .with("google+http", google)
        .with("github", |p| Ok(Arc::new(GithubProvider::connect(p.url.expose(), p.shared().0)?)))
        .with("github+http", |p| Ok(Arc::new(GithubProvider::connect(p.url.expose(), p.shared().0)?)))
}

fn oidc(parts: &ProviderParts) -> Result<Arc<dyn IdentityProvider>> {
    let (http, clock) = parts.shared();
    Ok(Arc::new(OidcProvider::connect(parts.url.expose(), http, clock)?))
}

fn google(parts: &ProviderParts) -> Result<Arc<dyn IdentityProvider>> {
    let (http, clock) = parts.shared();
    Ok(Arc::new(OidcProvider::connect_google(parts.url.expose(), http, clock)?))
}

/// Blobs.
pub(crate) fn blobs() -> Drivers<SecretUrl, dyn BlobStore> {
    Drivers::<SecretUrl, dyn BlobStore>::none()
        .with("file", |url| Ok(Arc::new(ObjectBlobStore::connect(url.expose())?)))
        .with("s3", |url| Ok(Arc::new(ObjectBlobStore::connect(url.expose())?)))
}

/// All schemes that this build knows. The database is one adapter with an engine per scheme; the queue lives
/// in it.
pub(crate) fn schemes() -> Schemes {
    Schemes {
        database: vec!["sqlite", "postgres", "postgresql", "mysql", "mariadb"],
        cache: caches().schemes(),
        locks: locks().schemes(),
        queue: vec!["database"],
        broker: brokers().schemes(),
        storage: blobs().schemes(),
        mail: mailers().schemes(),
        oauth: identity_providers().schemes(),
    }
}
