//! A member at its queue.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use delivery::{InHand, Lanes, Member, Outcome, wire};
use domain::EventEnvelope;
use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Acker, Consumer};
use link::{Link, Up};
use ports::{Chain, Error, Kind, Result};
use tokio_util::sync::CancellationToken;

use crate::broker::publish_letter;
use crate::door::{Connection, RabbitDoor, failed};

const LISTEN: &str = "listen for events";
/// Events that the server hands over before it has heard of the first.
const IN_HAND: u16 = 256;
/// Before listening again after a failure.
const PAUSE: Duration = Duration::from_millis(200);

/// Listens until `stop`, over as many connections as it takes.
pub(crate) async fn listen(link: Arc<Link<RabbitDoor>>, member: Arc<Member>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let up = tokio::select! {
            up = link.up(LISTEN) => up,
            () = stop.cancelled() => return,
        };
        let Ok(up) = up else { return };
        if let Err(error) = hear(&link, &up, &member, &stop).await
            && !stop.is_cancelled()
        {
            tracing::debug!(group = member.group, kind = member.kind, error = %Chain(&error), "listening again");
            link.lost(up.epoch);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn hear(
    link: &Arc<Link<RabbitDoor>>,
    up: &Up<Connection>,
    member: &Arc<Member>,
    stop: &CancellationToken,
) -> Result<()> {
    let channel = up.connection.server.create_channel().await.map_err(failed)?;
    channel.basic_qos(IN_HAND, BasicQosOptions::default()).await.map_err(failed)?;
    let queue = link.door().queue(&member.group, &member.kind)?;
    let options = BasicConsumeOptions::default();
    let consumer = channel.basic_consume(queue, "".into(), options, FieldTable::default());
    let consumer = consumer.await.map_err(failed)?;
    let lanes = Lanes::new(member, stop);
    let heard = tokio::select! {
        heard = pass_on(consumer, &lanes, link, up) => heard,
        () = link.gone(up.epoch) => Ok(()),
        () = stop.cancelled() => Ok(()),
    };
    lanes.end().await;
    // Whatever was left comes back to the queue, in its order. A channel that is broken needs no closing.
    let _ = channel.close(200, "done".into()).await;
    heard
}

async fn pass_on(
    mut consumer: Consumer,
    lanes: &Lanes,
    link: &Arc<Link<RabbitDoor>>,
    up: &Up<Connection>,
) -> Result<()> {
    while let Some(delivery) = consumer.next().await {
        let delivery = delivery.map_err(failed)?;
        match wire::read(&delivery.data) {
            Some(event) => {
                let (link, up) = (Arc::clone(link), up.clone());
                lanes.bring(Box::new(Handed { event, acker: delivery.acker, link, up })).await;
            }
            None => {
                delivery.ack(BasicAckOptions::default()).await.map_err(failed)?;
            }
        }
    }
    Err(Error::with(Kind::Unavailable, LISTEN, "the consumer has ended"))
}

/// An event that the server waits to hear about.
struct Handed {
    event: EventEnvelope,
    acker: Acker,
    link: Arc<Link<RabbitDoor>>,
    up: Up<Connection>,
}

#[async_trait]
impl InHand for Handed {
    fn event(&self) -> &EventEnvelope {
        &self.event
    }

    async fn settle(self: Box<Self>, outcome: Outcome) {
        let kept = match &outcome {
            Outcome::Handled => Ok(()),
            Outcome::Refused(letter) => publish_letter(&self.up.connection, self.link.door(), letter).await,
            // The end of the channel gives it back.
            Outcome::Left => return,
        };
        let settled = match kept {
            Ok(()) => self.acker.ack(BasicAckOptions::default()).await.map(|_| ()).map_err(failed),
            Err(error) => Err(error),
        };
        if let Err(error) = settled {
            tracing::debug!(event.id = %self.event.id, error = %Chain(&error), "it will be told again");
            self.link.lost(self.up.epoch);
        }
    }
}
