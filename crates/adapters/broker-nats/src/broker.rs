//! [`EventBroker`] in the server's words.

use std::sync::Arc;

use async_nats::connection::State;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::RawMessageErrorKind;
use async_trait::async_trait;
use delivery::{Crew, Patience, wire};
use domain::EventEnvelope;
use futures_util::StreamExt;
use link::{Link, Up, away};
use ports::{BrokerCapabilities, Error, EventBroker, EventHandler, Kind, RefusedEvent, Result};
use tokio::time::timeout;
use uuid::Uuid;

use crate::address::Address;
use crate::consumer;
use crate::door::{ACK_WAIT, Connection, NatsDoor};
use crate::names::{LANES, Names};

const PUBLISH: &str = "publish an event";
const LETTERS: &str = "list dead letters";
const AGAIN: &str = "tell a dead letter again";
const CONTENT_TYPE: &str = "content-type";

/// The event broker on NATS JetStream.
pub struct NatsBroker {
    link: Arc<Link<NatsDoor>>,
    crew: Arc<Crew>,
}

impl NatsBroker {
    /// Begins to connect, in the background; a server that is away is no error. To be called within the runtime that
    /// lives longest.
    ///
    /// # Errors
    /// `Internal` when the URL can't be read.
    pub fn connect(url: &str, patience: Patience) -> Result<Self> {
        // Other libraries of this build bring another provider along, and the one to use has to be named. It may
        // have been already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let address = Address::parse(url)?;
        let crew = Arc::new(Crew::new(patience));
        let (limit, names) = (address.timeout, Names(address.prefix.clone()));
        let door = NatsDoor { address, names, crew: Arc::clone(&crew) };
        Ok(Self { link: Arc::new(Link::new(door, limit)), crew })
    }

    /// The connection, which the client has not seen broken.
    async fn up(&self, operation: &'static str) -> Result<Up<Connection>> {
        let up = self.link.now(operation).await?;
        // Whatever is said meanwhile would wait in the client, and be sent after its caller has heard otherwise.
        if up.connection.client.connection_state() != State::Connected {
            self.link.lost(up.epoch);
            return Err(away(operation, "it is away"));
        }
        Ok(up)
    }

    async fn publish_to(
        &self,
        operation: &'static str,
        subject: String,
        message: PublishMessage,
    ) -> Result<()> {
        let up = self.up(operation).await?;
        let taken = publish(&up.connection, operation, subject, message).await;
        if taken.as_ref().is_err_and(Error::is_retryable) {
            self.link.lost(up.epoch);
        }
        taken
    }
}

impl Drop for NatsBroker {
    fn drop(&mut self) {
        self.crew.abandon();
    }
}

/// Publishes, and waits until the stream has it.
async fn publish(
    connection: &Connection,
    operation: &'static str,
    subject: String,
    message: PublishMessage,
) -> Result<()> {
    let refused = |error: PublishError| {
        let kind = match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => Kind::Internal,
            _ => Kind::Unavailable,
        };
        Error::with(kind, operation, error)
    };
    let acknowledged = connection.jetstream.send_publish(subject, message).await.map_err(refused)?;
    acknowledged.await.map_err(refused)?;
    Ok(())
}

/// Keeps a dead letter.
pub(crate) async fn publish_letter(
    connection: &Connection,
    names: &Names,
    letter: &RefusedEvent,
) -> Result<()> {
    let message = PublishMessage::build().payload(wire::write_letter(letter)?.into());
    publish(connection, "keep a dead letter", names.letter(&letter.group, letter.event.id), message).await
}

fn message(event: &EventEnvelope) -> Result<PublishMessage> {
    Ok(PublishMessage::build().payload(wire::write(event)?.into()).header(CONTENT_TYPE, wire::MEDIA_TYPE))
}

#[async_trait]
impl EventBroker for NatsBroker {
    fn capabilities(&self) -> BrokerCapabilities {
        BrokerCapabilities { keeps: true }
    }

    /// An id that was published within the last two minutes is not kept twice.
    async fn publish(&self, event: &EventEnvelope) -> Result<()> {
        self.crew.open(PUBLISH)?;
        let message = message(event)?.message_id(event.id.to_string());
        self.publish_to(PUBLISH, self.link.door().names.subject(event), message).await
    }

    async fn subscribe(&self, group: &str, kind: &str, handler: Arc<dyn EventHandler>) -> Result<()> {
        let member = self.crew.join(group, kind, handler)?;
        if let Ok(up) = self.link.now("subscribe to events").await
            && self.link.door().declare(&up.connection, &member).await.is_err()
        {
            // The next connection is told of all members before anybody uses it.
            self.link.lost(up.epoch);
        }
        for lane in 0..LANES {
            let (link, member) = (Arc::clone(&self.link), Arc::clone(&member));
            self.crew.begin(consumer::listen(link, member, lane, self.crew.stop().clone()));
        }
        Ok(())
    }

    async fn dead_letters(&self, limit: usize) -> Result<Vec<RefusedEvent>> {
        let failed = |error| Error::with(Kind::Unavailable, LETTERS, error);
        let up = self.up(LETTERS).await?;
        let config = pull::Config {
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::None,
            inactive_threshold: ACK_WAIT,
            ..pull::Config::default()
        };
        let list = async {
            let consumer = up.connection.dead.create_consumer(config).await.map_err(|e| failed(e.into()))?;
            let fetch = consumer.fetch().max_messages(limit);
            let mut messages = fetch.messages().await.map_err(|error| failed(error.into()))?;
            let mut letters = Vec::new();
            while let Some(message) = messages.next().await {
                letters.extend(wire::read_letter(&message.map_err(failed)?.payload));
            }
            Ok(letters)
        };
        timeout(self.link.door().address.timeout, list)
            .await
            .map_err(|_| away(LETTERS, "no answer in time"))?
    }

    /// Killed between publishing and the removal: the letter stays, and may be told once more.
    async fn tell_again(&self, group: &str, event: Uuid) -> Result<()> {
        let up = self.up(AGAIN).await?;
        let subject = self.link.door().names.letter(group, event);
        let kept = up.connection.dead.get_last_raw_message_by_subject(&subject).await.map_err(|error| {
            let missing = matches!(error.kind(), RawMessageErrorKind::NoMessageFound);
            Error::with(if missing { Kind::NotFound } else { Kind::Unavailable }, AGAIN, error)
        })?;
        let letter = wire::read_letter(&kept.payload).ok_or_else(|| Error::new(Kind::NotFound, AGAIN))?;
        let message = message(&letter.event)?.header(wire::ONLY_HEADER, group);
        self.publish_to(AGAIN, self.link.door().names.subject(&letter.event), message).await?;
        let removed = up.connection.dead.delete_message(kept.sequence).await;
        removed.map(|_| ()).map_err(|error| Error::with(Kind::Unavailable, AGAIN, error))
    }

    async fn check(&self) -> Result<()> {
        const CHECK: &str = "check the broker";
        self.crew.open(CHECK)?;
        let up = self.up(CHECK).await?;
        match timeout(self.link.door().address.timeout, up.connection.events.get_info()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Error::with(Kind::Unavailable, CHECK, error)),
            Err(_) => Err(away(CHECK, "no answer in time")),
        }
    }

    async fn close(&self) {
        self.crew.close().await;
        if let Ok(up) = self.link.now("close the broker").await {
            // What members have said last is still on its way; unheard, it is told again.
            let _ = timeout(self.link.door().address.timeout, up.connection.client.flush()).await;
        }
    }
}
