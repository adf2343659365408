//! Side by side without mixing up subjects: events of one subject go one after the other, in one of a few lanes.

use std::sync::Arc;

use async_trait::async_trait;
use domain::EventEnvelope;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Member, Outcome};

/// Events that a member handles at a time. One that waits to be told again holds up its lane.
pub const LANES: usize = 16;
/// Events that may wait in a lane before whoever brings more has to.
const WAITING: usize = 64;

/// An event that a server has handed over and wants to hear about.
#[async_trait]
pub trait InHand: Send + 'static {
    /// The event.
    fn event(&self) -> &EventEnvelope;
    /// Says what became of it. What the server does not hear it hands over again.
    async fn settle(self: Box<Self>, outcome: Outcome);
}

/// The lanes of one member, on one connection.
pub struct Lanes {
    ways: Vec<mpsc::Sender<Box<dyn InHand>>>,
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Lanes {
    /// Empty ones, which stop with `stop`.
    pub fn new(member: &Arc<Member>, stop: &CancellationToken) -> Self {
        let (mut ways, mut tasks, stop) = (Vec::with_capacity(LANES), JoinSet::new(), stop.child_token());
        for _ in 0..LANES {
            let (sender, receiver) = mpsc::channel(WAITING);
            tasks.spawn(work(Arc::clone(member), receiver, stop.clone()));
            ways.push(sender);
        }
        Self { ways, tasks, stop }
    }

    /// Brings an event. Waits while its lane is full.
    pub async fn bring(&self, event: Box<dyn InHand>) {
        let lane = lane_of(&event.event().subject, self.ways.len());
        // An error: the lane has panicked, which the end reports. The server tells the event again.
        let _ = self.ways[lane].send(event).await;
    }

    /// Lets running handlers end and leaves the rest.
    pub async fn end(mut self) {
        self.stop.cancel();
        self.ways.clear();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a lane of events failed");
            }
        }
    }
}

async fn work(member: Arc<Member>, mut events: mpsc::Receiver<Box<dyn InHand>>, stop: CancellationToken) {
    while let Some(event) = events.recv().await {
        let outcome = member.tell(event.event(), &stop).await;
        event.settle(outcome).await;
    }
}

/// The lane of a subject, the same in every process and every build (FNV-1a).
pub fn lane_of(subject: &str, lanes: usize) -> usize {
    let hash = subject.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    usize::try_from(hash % lanes as u64).unwrap_or(0)
}
