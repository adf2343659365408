//! How the server is connected to, told what it must keep, and what that is called.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use delivery::{Crew, Member};
use lapin::options::{ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ConnectionProperties, ExchangeKind};
use link::{Door, Lost, away};
use ports::{Error, Kind, Result};
use tokio::time::timeout;

use crate::address::Address;

const CONNECT: &str = "connect to RabbitMQ";
/// To connect, and to tell it what it must keep.
const CONNECTING: Duration = Duration::from_secs(10);

/// So long the server may keep to itself that it has a queue. If it is killed meanwhile, the queue comes back empty,
/// whatever was confirmed.
pub(crate) const SETTLING: Duration = Duration::from_secs(3);

/// The way in.
pub(crate) struct RabbitDoor {
    pub(crate) address: Address,
    pub(crate) crew: Arc<Crew>,
}

/// A connection whose server knows all exchanges and queues.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) server: Arc<lapin::Connection>,
    /// Publishes with confirmations.
    pub(crate) publisher: Channel,
    /// How many members it has been told of.
    members: usize,
}

#[async_trait]
impl Door for RabbitDoor {
    type Connection = Connection;

    fn server(&self) -> &'static str {
        "rabbitmq"
    }

    async fn open(&self, _: Lost<Self>) -> Result<Connection> {
        let open = async {
            let properties = ConnectionProperties::default().with_connection_name("mainstay".into());
            let server = lapin::Connection::connect_uri(self.address.uri.clone(), properties);
            let server = Arc::new(server.await.map_err(failed)?);
            let publisher = server.create_channel().await.map_err(failed)?;
            publisher.confirm_select(ConfirmSelectOptions::default()).await.map_err(failed)?;
            let setup = server.create_channel().await.map_err(failed)?;
            self.declare_shared(&setup).await?;
            let members = self.crew.members();
            self.declare_on(&server, &setup, &members).await?;
            setup.close(200, "done".into()).await.map_err(failed)?;
            Ok(Connection { server, publisher, members: members.len() })
        };
        timeout(CONNECTING, open).await.map_err(|_| away(CONNECT, "it did not answer in time"))?
    }

    fn is_complete(&self, connection: &Connection) -> bool {
        connection.members == self.crew.len()
    }
}

impl RabbitDoor {
    /// The exchange of events.
    pub(crate) fn exchange(&self) -> ShortString {
        format!("{}.events", self.address.prefix).into()
    }

    /// The queue of a group and kind.
    ///
    /// # Errors
    /// `Internal` when that is longer than AMQP allows.
    pub(crate) fn queue(&self, group: &str, kind: &str) -> Result<ShortString> {
        short(format!("{}.{group}.{kind}", self.address.prefix))
    }

    /// The queue of dead letters.
    pub(crate) fn dead(&self) -> ShortString {
        format!("{}.dead", self.address.prefix).into()
    }

    /// Makes a member's queue, unless it is there.
    pub(crate) async fn declare(&self, connection: &Connection, member: &Arc<Member>) -> Result<()> {
        let setup = connection.server.create_channel().await.map_err(failed)?;
        self.declare_on(&connection.server, &setup, std::slice::from_ref(member)).await?;
        setup.close(200, "done".into()).await.map_err(failed)
    }

    /// Asks for a queue over a channel of its own, which does not survive a no.
    async fn exists(&self, server: &lapin::Connection, queue: ShortString) -> Result<bool> {
        let probe = server.create_channel().await.map_err(failed)?;
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        if probe.queue_declare(queue, passive, FieldTable::default()).await.is_err() {
            return Ok(false);
        }
        probe.close(200, "done".into()).await.map(|()| true).map_err(failed)
    }

    async fn declare_shared(&self, channel: &Channel) -> Result<()> {
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let exchange =
            channel.exchange_declare(self.exchange(), ExchangeKind::Topic, options, FieldTable::default());
        exchange.await.map_err(failed)?;
        channel.queue_declare(self.dead(), durable(), quorum()).await.map(|_| ()).map_err(failed)
    }

    /// Makes the queues of these members where they are missing. What is new gets nothing until the server is sure to
    /// have written that it is there.
    async fn declare_on(
        &self,
        server: &lapin::Connection,
        channel: &Channel,
        members: &[Arc<Member>],
    ) -> Result<()> {
        let mut queues = Vec::with_capacity(members.len());
        let mut complete = true;
        for member in members {
            let queue = self.queue(&member.group, &member.kind)?;
            complete &= self.exists(server, queue.clone()).await?;
            let mut arguments = quorum();
            arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
            // A server that gives an event up by itself, after many deliveries that nobody answered, does not drop it.
            arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
            let dead = self.dead().as_str().into();
            arguments.insert("x-dead-letter-routing-key".into(), AMQPValue::LongString(dead));
            channel.queue_declare(queue.clone(), durable(), arguments).await.map_err(failed)?;
            // One word at least before the kind.
            queues.push((queue, short(format!("*.#.{}", member.kind))?));
        }
        if !complete {
            tokio::time::sleep(SETTLING).await;
        }
        for (queue, pattern) in queues {
            let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
            let bound = channel.queue_bind(queue, self.exchange(), pattern, options, arguments).await;
            bound.map_err(failed)?;
        }
        Ok(())
    }
}

/// A name of 255 bytes at most.
pub(crate) fn short(text: String) -> Result<ShortString> {
    let named = ShortString::try_new(text);
    named.map_err(|error| Error::with(Kind::Internal, "name a queue of RabbitMQ", error.to_string()))
}

fn durable() -> QueueDeclareOptions {
    QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() }
}

/// Quorum queues confirm what a majority has written and flushed.
fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments
}

pub(crate) fn failed(error: lapin::Error) -> Error {
    Error::with(Kind::Unavailable, CONNECT, error)
}
