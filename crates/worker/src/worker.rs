//! A worker: all loops together, from start to drain.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use application::Application;
use application::jobs::KINDS;
use ports::{Clock, Cluster, Error, EventBroker, JobLeases, Kind, Limited, OutboxRelay, Random, Wakeups};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::execute::Executor;
use crate::pulse::Pulse;
use crate::queue::QueueLoop;
use crate::relay::RelayLoop;
use crate::rescue::RescueLoop;
use crate::schedules::ScheduleLoop;
use crate::stopping::StopLoop;
use crate::{Registry, events, handlers};

/// For giving jobs back at the end. Whoever can't is rescued like one that fell.
const LAST_WRITES: Duration = Duration::from_secs(2);

/// How a worker works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The queues it takes jobs from.
    pub queues: Vec<String>,
    /// Jobs at a time, per queue.
    pub concurrency: usize,
    /// How long running jobs may go on after the order to stop.
    pub drain: Duration,
}

/// What a worker works with.
pub struct Worker {
    /// The use cases.
    pub app: Application,
    /// Leases on jobs.
    pub leases: Arc<dyn JobLeases>,
    /// The outbox, from its other end.
    pub outbox: Arc<dyn OutboxRelay>,
    /// The engine's wake-ups.
    pub wakeups: Arc<dyn Wakeups>,
    /// Where events go.
    pub broker: Arc<dyn EventBroker>,
    /// The siblings.
    pub cluster: Arc<dyn Cluster>,
    /// Wall clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// How to work.
    pub settings: Settings,
}

impl Worker {
    /// Works until `stop`, then lets running jobs end, and gives those back that take too long.
    ///
    /// # Errors
    /// When the broker does not take the subscriptions.
    pub async fn run(self, stop: CancellationToken) -> ports::Result<()> {
        let registry = handlers::registry(&self.app);
        if let Some(kind) = KINDS.iter().find(|kind| !registry.knows(kind.name)) {
            return Err(Error::with(Kind::Internal, "worker.run", format!("{} has no handler", kind.name)));
        }
        events::subscribe(&self.app, self.broker.as_ref()).await?;
        let loops = TaskTracker::new();
        let running = TaskTracker::new();
        let give_up = CancellationToken::new();
        let (pulse, drive) = Pulse::new(Arc::clone(&self.wakeups), stop.clone());
        loops.spawn(drive);
        self.start_loops(registry, &loops, &running, &pulse, &stop, &give_up);
        tracing::info!(queues = self.settings.queues.join(","), "worker started");

        stop.cancelled().await;
        loops.close();
        loops.wait().await;
        running.close();
        let drain = self.settings.drain;
        let (told, ran) = tokio::join!(
            tokio::time::timeout(drain, self.broker.close()),
            tokio::time::timeout(drain, running.wait())
        );
        if told.is_err() {
            tracing::warn!("events took too long to drain and will be told again");
        }
        if ran.is_err() {
            tracing::warn!(jobs = running.len(), "jobs took too long to drain and are given back");
            give_up.cancel();
            if tokio::time::timeout(LAST_WRITES, running.wait()).await.is_err() {
                tracing::warn!(jobs = running.len(), "jobs could not be given back; others will rescue them");
            }
        }
        tracing::info!("worker stopped");
        Ok(())
    }

    fn start_loops(
        &self,
        registry: Registry,
        loops: &TaskTracker,
        running: &TaskTracker,
        pulse: &Pulse,
        stop: &CancellationToken,
        give_up: &CancellationToken,
    ) {
        let executor = Arc::new(Executor {
            registry,
            leases: Arc::clone(&self.leases),
            cluster: Arc::clone(&self.cluster),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            in_hand: Mutex::default(),
            give_up: give_up.clone(),
        });
        loops.spawn(StopLoop { executor: Arc::clone(&executor) }.run(pulse.clone(), stop.clone()));
        for queue in &self.settings.queues {
            for limited in std::iter::once(None).chain(limited().map(Some)) {
                let most = limited.as_ref().and_then(|limited| limited.limits.concurrency);
                let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
                let queue_loop = QueueLoop {
                    queue: queue.clone(),
                    limited,
                    concurrency: self.settings.concurrency.min(most),
                    executor: Arc::clone(&executor),
                    running: running.clone(),
                };
                loops.spawn(queue_loop.run(pulse.clone(), stop.clone()));
            }
        }
        let relay = RelayLoop {
            outbox: Arc::clone(&self.outbox),
            broker: Arc::clone(&self.broker),
            cluster: Arc::clone(&self.cluster),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
        };
        loops.spawn(relay.run(pulse.clone(), stop.clone()));
        let rescue = RescueLoop {
            cluster: Arc::clone(&self.cluster),
            leases: Arc::clone(&self.leases),
            outbox: Arc::clone(&self.outbox),
            clock: Arc::clone(&self.clock),
        };
        loops.spawn(rescue.run(stop.clone()));
        let schedules =
            ScheduleLoop { schedules: self.app.schedules.clone(), clock: Arc::clone(&self.clock) };
        loops.spawn(schedules.run(stop.clone()));
    }
}

/// The kinds that are claimed by themselves.
fn limited() -> impl Iterator<Item = Limited> {
    KINDS.iter().filter_map(|kind| Some(Limited { kind: kind.name.to_owned(), limits: kind.limits? }))
}
