//! The processes that share a database: who is alive, under which node id, and whose work is to be rescued.
//!
//! Every process has a row in `nodes`, which a thread of its own renews twice a second (the heartbeat). A row is
//! good for 30 seconds of the *server's* clock; the process itself trusts it for 25 seconds of its own
//! *monotonic* clock, counted from before the statement was sent. Neither needs clocks that agree.
//!
//! **Alone.** While a process is alone, what it remembers of the database holds without asking. It believes so
//! for 1.5 seconds after a heartbeat that saw no other row. That this is safe is the newcomer's duty: it
//! commits nothing until two seconds after its own row was committed, unless it was the only one. By then
//! whoever believed to be alone has looked again. A process whose lease is over commits nothing either
//! ([`Lease::permits_commit`]), and its row counts until then.
//!
//! **Fallen.** A heartbeat that stands still for three seconds of the observer's own monotonic clock means that
//! its process is gone, or too slow to be trusted with its claims. The rescuer then *buries* the row: it
//! takes the holder's name from it, if the beat is still the same. A buried process that stirs again finds its row
//! gone, takes a new name and a new row; what it claimed under the old name is fenced off. The node id stays
//! reserved until the lease is over, because its owner may still make ids with it.
//!
//! Failing or slow access to the database says nothing about others, so each begins all observations anew.

mod heart;
mod lease;
mod table;
mod watch;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use ports::{Cluster, Error, Kind, Random, Result};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use self::heart::{Heart, Order};
pub(crate) use self::lease::Lease;
pub(crate) use self::table::age_of_news;
use self::watch::Watch;
use crate::conn::{Link, Pools};
use crate::engine::Engine;
use crate::settings::Settings;

/// How long a heartbeat stands still before its process has fallen.
const STANDSTILL: Duration = Duration::from_secs(3);

/// This process as a member of the cluster.
pub(crate) struct Node {
    engine: Engine,
    pools: Pools,
    wanted: Option<u16>,
    random: Arc<dyn Random>,
    lease: Arc<Lease>,
    /// Fed by the heartbeat.
    beats: Arc<Mutex<Watch>>,
    /// Holders of work that have no row; fed by [`Cluster::fallen`].
    orphans: Mutex<Watch>,
    heart: Mutex<Option<mpsc::UnboundedSender<Order>>>,
}

impl Node {
    pub(crate) fn new(engine: Engine, pools: Pools, settings: &Settings) -> Result<Self> {
        let random = Arc::clone(&settings.random);
        if settings.node_id.is_some_and(|id| id >= table::NODES) {
            return Err(Error::with(Kind::Unsupported, "db.connect", "node ids are 0 to 1023"));
        }
        let holder = new_holder(random.as_ref())?;
        Ok(Self {
            engine,
            pools,
            wanted: settings.node_id,
            random,
            lease: Arc::new(Lease::new(holder)),
            beats: Arc::new(Mutex::new(Watch::fed_every(heart::LONGEST_GAP))),
            orphans: Mutex::new(Watch::fed_every(Duration::MAX)),
            heart: Mutex::new(None),
        })
    }

    pub(crate) fn lease(&self) -> Arc<Lease> {
        Arc::clone(&self.lease)
    }

    /// Takes a row and starts the heartbeat; returns once this process may commit. Joining twice changes nothing.
    pub(crate) async fn join(&self) -> Result<()> {
        const OPERATION: &str = "cluster.join";
        let (joined, outcome) = oneshot::channel();
        {
            let mut orders = self.heart.lock().unwrap_or_else(PoisonError::into_inner);
            if orders.as_ref().is_some_and(|orders| !orders.is_closed()) {
                return Ok(());
            }
            let heart = Heart::new(
                self.engine.clone(),
                self.wanted,
                Arc::clone(&self.random),
                Arc::clone(&self.lease),
                Arc::clone(&self.beats),
            );
            *orders = Some(heart.start(joined)?);
        }
        let outcome = outcome.await.unwrap_or_else(|_| Err(Error::new(Kind::Internal, OPERATION)));
        if outcome.is_err() {
            self.heart.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
        outcome
    }

    /// Buries those whose heartbeat stands still; the names of those it has buried.
    async fn bury_the_still(&self) -> Result<Vec<Uuid>> {
        let still = self.locked_beats(|beats| beats.still_for(STANDSTILL, Instant::now()));
        let mut fallen = Vec::new();
        for (holder, beat) in still {
            if table::bury(self.pools.write().plain(), holder, beat).await? {
                fallen.push(holder);
            }
            self.locked_beats(|beats| beats.forget(holder));
        }
        Ok(fallen)
    }

    /// Names on claims that no row in `nodes` bears. They never come back: a name is never used twice, and gets its
    /// row before its first claim.
    async fn long_orphaned(&self) -> Result<Vec<Uuid>> {
        let own = self.lease.holder();
        let orphans = table::orphans(self.pools.read().plain()).await?;
        let now = Instant::now();
        let mut watch = self.orphans.lock().unwrap_or_else(PoisonError::into_inner);
        watch.observe(orphans.into_iter().filter(|holder| *holder != own).map(|holder| (holder, 0)), now);
        Ok(watch.still_for(STANDSTILL, now).into_iter().map(|(holder, _)| holder).collect())
    }

    fn locked_beats<T>(&self, act: impl FnOnce(&mut Watch) -> T) -> T {
        act(&mut self.beats.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Cluster for Node {
    fn holder(&self) -> Uuid {
        self.lease.holder()
    }

    fn node(&self) -> Result<u16> {
        self.lease.node()
    }

    fn is_sole(&self) -> bool {
        self.lease.is_sole()
    }

    async fn fallen(&self) -> Result<Vec<Uuid>> {
        let found = async {
            let mut fallen = self.bury_the_still().await?;
            fallen.extend(self.long_orphaned().await?);
            Ok(fallen)
        };
        let found = found.await;
        if found.is_err() {
            self.locked_beats(Watch::reset);
            self.orphans.lock().unwrap_or_else(PoisonError::into_inner).reset();
        }
        found
    }

    async fn leave(&self) -> Result<()> {
        let orders = self.heart.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(orders) = orders else { return Ok(()) };
        let (left, outcome) = oneshot::channel();
        if orders.send(Order::Leave(left)).is_err() {
            return Ok(());
        }
        // A heart that stopped before it could answer has left already.
        outcome.await.unwrap_or(Ok(()))
    }
}

/// A new name to claim under.
fn new_holder(random: &dyn Random) -> Result<Uuid> {
    let mut bytes = [0; 16];
    random.fill(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}
