//! Which adapter stands behind which URL scheme: ONE line per adapter.

use std::sync::Arc;

use ports::{Clock, Error, EventBroker, Kind, Mailbox, Mailer, Result};

use crate::config::Schemes;

/// What a mail driver is connected with.
pub(crate) struct MailParts<'a> {
    pub(crate) url: &'a str,
    pub(crate) from: &'a str,
    pub(crate) mailbox: Arc<dyn Mailbox>,
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

    fn schemes(&self) -> Vec<&'static str> {
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
pub(crate) fn mailers<'a>() -> Drivers<MailParts<'a>, dyn Mailer> {
    let smtp: Connect<MailParts<'a>, dyn Mailer> =
        |parts| Ok(Arc::new(notifier_smtp::SmtpMailer::connect(parts.url, parts.from)?));
    Drivers::none()
        .with("capture", |parts| {
            Ok(Arc::new(db::CaptureMailer::new(Arc::clone(&parts.mailbox), Arc::clone(&parts.clock))))
        })
        .with("smtp", smtp)
        .with("smtps", smtp)
}

/// Events.
pub(crate) fn brokers() -> Drivers<(), dyn EventBroker> {
    Drivers::none().with("memory", |()| Ok(Arc::new(broker_memory::MemoryBroker::default())))
}

/// All schemes that this build knows. The database is one adapter with an engine per scheme; the queue lives
/// in it; the embedded cache and file storage are what later drivers will stand beside.
pub(crate) fn schemes() -> Schemes {
    Schemes {
        database: db::SCHEMES.to_vec(),
        cache: vec!["memory"],
        queue: vec!["database"],
        broker: brokers().schemes(),
        storage: vec!["file"],
        mail: mailers().schemes(),
    }
}
