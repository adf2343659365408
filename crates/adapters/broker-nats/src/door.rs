//! How the server is connected to, and told what it must keep.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, pull};
use async_nats::jetstream::stream::{Config, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{Context, ContextBuilder};
use async_nats::{Client, Event};
use async_trait::async_trait;
use delivery::{Crew, Member};
use futures_util::future::try_join_all;
use link::{Door, Lost, away};
use ports::{Error, Kind, Result};
use tokio::time::timeout;

use crate::address::Address;
use crate::names::{LANES, Names};

const CONNECT: &str = "connect to NATS";
/// To connect, and to tell it what it must keep.
const CONNECTING: Duration = Duration::from_secs(10);
/// A server that is silent for twice as long is away.
const PING: Duration = Duration::from_secs(2);
/// An event that a member has had for so long without a sign of life is given to another one.
pub(crate) const ACK_WAIT: Duration = Duration::from_secs(5);

/// The way in.
pub(crate) struct NatsDoor {
    pub(crate) address: Address,
    pub(crate) names: Names,
    pub(crate) crew: Arc<Crew>,
}

/// A connection whose server knows all streams and consumers.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) jetstream: Context,
    pub(crate) events: Stream,
    pub(crate) dead: Stream,
    /// How many members it has been told of.
    members: usize,
}

#[async_trait]
impl Door for NatsDoor {
    type Connection = Connection;

    fn server(&self) -> &'static str {
        "nats"
    }

    async fn open(&self, lost: Lost<Self>) -> Result<Connection> {
        let open = async {
            // The client's own way of connecting again would tell nobody that the server may have forgotten something.
            let options = self.address.options().max_reconnects(1).ping_interval(PING);
            let options = options.event_callback(move |event| {
                let lost = lost.clone();
                async move {
                    if matches!(event, Event::Disconnected | Event::Closed | Event::LameDuckMode) {
                        lost.tell();
                    }
                }
            });
            let client = options.connect(&self.address.hosts[..]).await.map_err(failed)?;
            let limit = self.address.timeout;
            let jetstream = ContextBuilder::new().timeout(limit).ack_timeout(limit).build(client.clone());
            let events = self.stream(&jetstream, self.names.events(), self.names.all_events());
            let dead = self.stream(&jetstream, self.names.dead(), self.names.all_dead());
            let (events, dead) = tokio::try_join!(events, dead)?;
            let members = self.crew.members();
            let connection = Connection { client, jetstream, events, dead, members: members.len() };
            try_join_all(members.iter().map(|member| self.declare(&connection, member))).await?;
            Ok(connection)
        };
        timeout(CONNECTING, open).await.map_err(|_| away(CONNECT, "it did not answer in time"))?
    }

    fn is_complete(&self, connection: &Connection) -> bool {
        connection.members == self.crew.len()
    }
}

impl NatsDoor {
    /// Events go when every group has handled them, dead letters when somebody takes them away.
    async fn stream(&self, jetstream: &Context, name: String, subjects: String) -> Result<Stream> {
        let retention =
            if name == self.names.events() { RetentionPolicy::Interest } else { RetentionPolicy::Limits };
        let config = Config {
            name,
            subjects: vec![subjects],
            retention,
            storage: StorageType::File,
            num_replicas: self.address.replicas,
            ..Config::default()
        };
        jetstream.get_or_create_stream(config).await.map_err(failed)
    }

    /// Makes a member's consumers, unless they are there.
    pub(crate) async fn declare(&self, connection: &Connection, member: &Member) -> Result<()> {
        try_join_all((0..LANES).map(|lane| self.consumer(connection, member, lane))).await.map(|_| ())
    }

    /// The consumer of one lane. Having one event in hand is what keeps order, whoever of the group has it.
    pub(crate) async fn consumer(
        &self,
        connection: &Connection,
        member: &Member,
        lane: usize,
    ) -> Result<Consumer<pull::Config>> {
        let name = Names::consumer(member, lane);
        let config = pull::Config {
            durable_name: Some(name.clone()),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_ack_pending: 1,
            filter_subject: self.names.filter(member, lane),
            ..pull::Config::default()
        };
        connection.events.get_or_create_consumer(&name, config).await.map_err(failed)
    }
}

pub(crate) fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::with(Kind::Unavailable, CONNECT, error)
}
