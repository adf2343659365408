//! Which adapter stands behind which URL scheme: ONE line per adapter.

use std::sync::Arc;

use notifier_capture::CaptureMailer;
use notifier_smtp::SmtpMailer;
use ports::{BlobStore, Clock, Error, EventBroker, Kind, Mailer, Result, Store};
use storage_object::ObjectBlobStore;

use crate::config::{Schemes, SecretUrl};

/// What a mail driver is connected with.
pub(crate) struct MailParts {
    pub(crate) url: SecretUrl,
    pub(crate) from: String,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
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

/// Events.
pub(crate) fn brokers() -> Drivers<(), dyn EventBroker> {
    Drivers::<(), dyn EventBroker>::none()
        .with("memory", |()| Ok(Arc::new(broker_memory::MemoryBroker::default())))
}

/// Blobs.
pub(crate) fn blobs() -> Drivers<SecretUrl, dyn BlobStore> {
    Drivers::<SecretUrl, dyn BlobStore>::none()
        .with("file", |url| Ok(Arc::new(ObjectBlobStore::connect(url.expose())?)))
        .with("s3", |url| Ok(Arc::new(ObjectBlobStore::connect(url.expose())?)))
}

/// All schemes that this build knows. The database is one adapter with an engine per scheme; the queue lives
/// in it; the embedded cache is what later drivers will stand beside.
pub(crate) fn schemes() -> Schemes {
    Schemes {
        database: vec!["sqlite", "postgres", "postgresql", "mysql", "mariadb"],
        cache: vec!["memory"],
        queue: vec!["database"],
        broker: brokers().schemes(),
        storage: blobs().schemes(),
        mail: mailers().schemes(),
    }
}
