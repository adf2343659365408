//! One lane of a member: events come one at a time, and a sign of life goes back as long as one is in hand.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{AckKind, Message};
use delivery::{Member, Outcome, wire};
use futures_util::StreamExt;
use link::{Link, Up};
use ports::{Chain, Error, Kind, Result};
use tokio_util::sync::CancellationToken;

use crate::broker::publish_letter;
use crate::door::{ACK_WAIT, Connection, NatsDoor};

const LISTEN: &str = "listen for events";
/// How often it is said that an event is still in hand.
const BEAT: Duration = ACK_WAIT.checked_div(4).unwrap();
/// Requests for events end by themselves after this, and are made again.
const REQUEST: Duration = Duration::from_secs(30);
/// The server says so often that it is there.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Events that one request asks for.
const BATCH: usize = 50;
/// Before listening again after a failure.
const PAUSE: Duration = Duration::from_millis(200);

/// Listens until `stop`, over as many connections as it takes.
pub(crate) async fn listen(
    link: Arc<Link<NatsDoor>>,
    member: Arc<Member>,
    lane: usize,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let up = tokio::select! {
            up = link.up(LISTEN) => up,
            () = stop.cancelled() => return,
        };
        let Ok(up) = up else { return };
        let here = stop.child_token();
        let work = Lane { link: &link, up: &up, member: &member, stop: &here };
        let heard = {
            let mut hearing = std::pin::pin!(work.hear(lane));
            tokio::select! {
                heard = &mut hearing => heard,
                () = link.gone(up.epoch) => {
                    // A running handler is let to end; nobody hears of it, and the event is told again.
                    here.cancel();
                    hearing.await
                }
            }
        };
        if let Err(error) = heard
            && !stop.is_cancelled()
        {
            tracing::debug!(group = member.group, kind = member.kind, error = %Chain(&error), "listening again");
            link.lost(up.epoch);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

struct Lane<'a> {
    link: &'a Link<NatsDoor>,
    up: &'a Up<Connection>,
    member: &'a Member,
    stop: &'a CancellationToken,
}

impl Lane<'_> {
    async fn hear(&self, lane: usize) -> Result<()> {
        let consumer = self.link.door().consumer(&self.up.connection, self.member, lane).await?;
        let messages = consumer.stream().max_messages_per_batch(BATCH).expires(REQUEST).heartbeat(HEARTBEAT);
        let mut messages = messages.messages().await.map_err(broken)?;
        loop {
            let message = tokio::select! {
                message = messages.next() => message,
                () = self.stop.cancelled() => return Ok(()),
            };
            match message {
                Some(Ok(message)) => self.tell(message).await?,
                Some(Err(error)) => return Err(broken(error)),
                None => return Err(Error::with(Kind::Unavailable, LISTEN, "the consumer has ended")),
            }
        }
    }

    async fn tell(&self, message: Message) -> Result<()> {
        let only = message.headers.as_ref().and_then(|headers| headers.get(wire::ONLY_HEADER));
        if only.is_some_and(|group| group.as_str() != self.member.group) {
            return message.ack().await.map_err(failed);
        }
        let Some(event) = wire::read(&message.payload) else { return message.ack().await.map_err(failed) };
        let mut telling = std::pin::pin!(self.member.tell(&event, self.stop));
        let outcome = loop {
            tokio::select! {
                outcome = &mut telling => break outcome,
                () = tokio::time::sleep(BEAT) => message.ack_with(AckKind::Progress).await.map_err(failed)?,
            }
        };
        match outcome {
            Outcome::Handled => message.ack().await.map_err(failed),
            Outcome::Refused(letter) => {
                publish_letter(&self.up.connection, &self.link.door().names, &letter).await?;
                message.ack().await.map_err(failed)
            }
            Outcome::Left => message.ack_with(AckKind::Nak(None)).await.map_err(failed),
        }
    }
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::with(Kind::Unavailable, LISTEN, error)
}

fn failed(error: async_nats::Error) -> Error {
    Error::with(Kind::Unavailable, LISTEN, error)
}
