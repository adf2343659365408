//! [`EventBroker`] in the server's words.

use std::sync::Arc;

use async_trait::async_trait;
use delivery::{Crew, Patience, wire};
use domain::EventEnvelope;
use lapin::message::BasicGetMessage;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation};
use link::{Link, Up, away};
use ports::{BrokerCapabilities, Error, EventBroker, EventHandler, Kind, RefusedEvent, Result};
use tokio::time::timeout;
use uuid::Uuid;

use crate::address::Address;
use crate::consumer;
use crate::door::{Connection, RabbitDoor, SETTLING, short};

const PUBLISH: &str = "publish an event";
const LETTERS: &str = "list dead letters";
const AGAIN: &str = "tell a dead letter again";
/// On the disk, not in memory only.
const PERSISTENT: u8 = 2;

/// The event broker on RabbitMQ.
pub struct RabbitBroker {
    link: Arc<Link<RabbitDoor>>,
    crew: Arc<Crew>,
}

/// Whether a queue was there to take it.
enum Routed {
    Yes,
    No,
}

impl RabbitBroker {
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
        let limit = address.timeout;
        Ok(Self { link: Arc::new(Link::new(RabbitDoor { address, crew: Arc::clone(&crew) }, limit)), crew })
    }

    /// Runs something on a connection, within the time limit.
    async fn run<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T>>,
        up: &Up<Connection>,
    ) -> Result<T> {
        let limit = self.link.door().address.timeout;
        let done = timeout(limit, work).await.unwrap_or_else(|_| Err(away(operation, "no answer in time")));
        if done.as_ref().is_err_and(Error::is_retryable) {
            self.link.lost(up.epoch);
        }
        done
    }

    /// Reads dead letters over a channel at whose end they all come back to their queue.
    async fn read_letters(&self, channel: &Channel, limit: usize) -> Result<Vec<RefusedEvent>> {
        let mut letters = Vec::new();
        while letters.len() < limit {
            let Some(message) = next_letter(LETTERS, channel, self.link.door()).await? else { break };
            letters.extend(letter_of(self.link.door(), &message));
        }
        Ok(letters)
    }

    /// Looks for a dead letter over such a channel, tells it, and takes it away.
    async fn tell_letter(
        &self,
        connection: &Connection,
        channel: &Channel,
        group: &str,
        event: Uuid,
    ) -> Result<()> {
        let door = self.link.door();
        loop {
            let message = next_letter(AGAIN, channel, door).await?;
            let message = message.ok_or_else(|| Error::new(Kind::NotFound, AGAIN))?;
            let letter = letter_of(door, &message);
            let ours = letter.filter(|letter| letter.group == group && letter.event.id == event);
            let Some(letter) = ours else { continue };
            let (queue, body) = (door.queue(group, &letter.kind)?, wire::write(&letter.event)?);
            return match publish(connection, AGAIN, "".into(), queue, &body).await? {
                Routed::Yes => {
                    let gone = message.ack(BasicAckOptions::default()).await;
                    gone.map(|_| ()).map_err(|error| Error::with(Kind::Unavailable, AGAIN, error))
                }
                Routed::No => Err(Error::with(Kind::NotFound, AGAIN, "the group has no queue any more")),
            };
        }
    }
}

impl Drop for RabbitBroker {
    fn drop(&mut self) {
        self.crew.abandon();
    }
}

/// Publishes, and waits until a majority of the servers has it on the disk.
async fn publish(
    connection: &Connection,
    operation: &'static str,
    exchange: ShortString,
    key: ShortString,
    body: &[u8],
) -> Result<Routed> {
    let failed = |error| Error::with(Kind::Unavailable, operation, error);
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let properties =
        BasicProperties::default().with_delivery_mode(PERSISTENT).with_content_type(wire::MEDIA_TYPE.into());
    let sent = connection.publisher.basic_publish(exchange, key, options, body, properties).await;
    match sent.map_err(failed)?.await.map_err(failed)? {
        Confirmation::Ack(None) => Ok(Routed::Yes),
        Confirmation::Ack(Some(_)) => Ok(Routed::No),
        Confirmation::Nack(_) => Err(away(operation, "it could not keep it")),
        Confirmation::NotRequested => Err(away(operation, "it confirms nothing")),
    }
}

/// A channel of one's own.
async fn open(operation: &'static str, connection: &Connection) -> Result<Channel> {
    let channel = connection.server.create_channel().await;
    channel.map_err(|error| Error::with(Kind::Unavailable, operation, error))
}

/// Ends a channel: what it has not acknowledged comes back.
async fn close(operation: &'static str, channel: &Channel) -> Result<()> {
    let closed = channel.close(200, "done".into()).await;
    closed.map_err(|error| Error::with(Kind::Unavailable, operation, error))
}

async fn next_letter(
    operation: &'static str,
    channel: &Channel,
    door: &RabbitDoor,
) -> Result<Option<BasicGetMessage>> {
    let next = channel.basic_get(door.dead(), BasicGetOptions::default()).await;
    next.map_err(|error| Error::with(Kind::Unavailable, operation, error))
}

/// Keeps a dead letter.
pub(crate) async fn publish_letter(
    connection: &Connection,
    door: &RabbitDoor,
    letter: &RefusedEvent,
) -> Result<()> {
    const KEEP: &str = "keep a dead letter";
    let body = wire::write_letter(letter)?;
    let kept = publish(connection, KEEP, "".into(), door.dead(), &body);
    match timeout(door.address.timeout, kept).await {
        Ok(Ok(Routed::Yes)) => Ok(()),
        Ok(Ok(Routed::No)) => Err(away(KEEP, "the queue of dead letters is gone")),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(away(KEEP, "no answer in time")),
    }
}

/// A letter of ours, or an event that the server gave up by itself.
fn letter_of(door: &RabbitDoor, message: &BasicGetMessage) -> Option<RefusedEvent> {
    wire::read_letter(&message.data).or_else(|| {
        let event = wire::read(&message.data)?;
        let headers = message.properties.headers().as_ref()?;
        let AMQPValue::LongString(queue) = headers.inner().get("x-first-death-queue")? else { return None };
        let queue = queue.to_string();
        let place = queue.strip_prefix(&door.address.prefix)?.strip_prefix('.')?;
        let mut endings = event.kind.match_indices('.').map(|(dot, _)| &event.kind[dot..]);
        let (group, kind) = endings.find_map(|kind| Some((place.strip_suffix(kind)?, &kind[1..])))?;
        let (group, kind) = (group.to_owned(), kind.to_owned());
        let reason = "it was handed over too often without an answer".to_owned();
        Some(RefusedEvent { group, kind, refusals: 0, reason, event })
    })
}

#[async_trait]
impl EventBroker for RabbitBroker {
    fn capabilities(&self) -> BrokerCapabilities {
        BrokerCapabilities { keeps: true }
    }

    async fn publish(&self, event: &EventEnvelope) -> Result<()> {
        self.crew.open(PUBLISH)?;
        let key = short(event.kind.clone())?;
        let body = wire::write(event)?;
        let up = self.link.now(PUBLISH).await?;
        let taken = publish(&up.connection, PUBLISH, self.link.door().exchange(), key, &body);
        match self.run(PUBLISH, taken, &up).await? {
            // Nobody ever subscribed. But where we have, our queue is gone, and has to be made again first.
            Routed::No if self.crew.wants(&event.kind) => {
                self.link.lost(up.epoch);
                Err(away(PUBLISH, "a queue is gone"))
            }
            Routed::Yes | Routed::No => Ok(()),
        }
    }

    async fn subscribe(&self, group: &str, kind: &str, handler: Arc<dyn EventHandler>) -> Result<()> {
        self.link.door().queue(group, kind)?;
        let member = self.crew.join(group, kind, handler)?;
        if let Ok(up) = self.link.now("subscribe to events").await {
            // Where that fails, the next connection is told of all members before anybody uses it.
            let declared = self.link.door().declare(&up.connection, &member);
            let limit = self.link.door().address.timeout + SETTLING;
            if !matches!(timeout(limit, declared).await, Ok(Ok(()))) {
                self.link.lost(up.epoch);
            }
        }
        self.crew.begin(consumer::listen(Arc::clone(&self.link), member, self.crew.stop().clone()));
        Ok(())
    }

    async fn dead_letters(&self, limit: usize) -> Result<Vec<RefusedEvent>> {
        let up = self.link.now(LETTERS).await?;
        let list = async {
            let channel = open(LETTERS, &up.connection).await?;
            let letters = self.read_letters(&channel, limit).await;
            close(LETTERS, &channel).await?;
            letters
        };
        self.run(LETTERS, list, &up).await
    }

    /// Killed between publishing and the removal: the letter stays, and may be told once more.
    async fn tell_again(&self, group: &str, event: Uuid) -> Result<()> {
        let up = self.link.now(AGAIN).await?;
        let tell = async {
            let channel = open(AGAIN, &up.connection).await?;
            let told = self.tell_letter(&up.connection, &channel, group, event).await;
            close(AGAIN, &channel).await?;
            told
        };
        self.run(AGAIN, tell, &up).await
    }

    async fn check(&self) -> Result<()> {
        const CHECK: &str = "check the broker";
        self.crew.open(CHECK)?;
        let up = self.link.now(CHECK).await?;
        let ask = async {
            let channel = open(CHECK, &up.connection).await?;
            let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            let asked = channel.queue_declare(self.link.door().dead(), passive, FieldTable::default()).await;
            asked.map_err(|error| Error::with(Kind::Unavailable, CHECK, error))?;
            close(CHECK, &channel).await
        };
        self.run(CHECK, ask, &up).await
    }

    async fn close(&self) {
        self.crew.close().await;
    }
}
