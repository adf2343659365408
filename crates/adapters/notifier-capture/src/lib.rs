//! `capture://`: mails stay in the database, where `/dev/mailbox` shows them. For development and tests.

use std::sync::Arc;

use async_trait::async_trait;
use ports::{Clock, Mail, Mailer, Result, Store};

/// Keeps mails instead of sending them. A mail is kept when `send` returns, as durably as anything else.
pub struct CaptureMailer {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl CaptureMailer {
    /// Keeps mails in this database.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}

#[async_trait]
impl Mailer for CaptureMailer {
    async fn send(&self, mail: &Mail) -> Result<()> {
        self.store.mailbox().keep(mail, self.clock.now()).await
    }

    async fn check(&self) -> Result<()> {
        self.store.ping().await
    }
}
