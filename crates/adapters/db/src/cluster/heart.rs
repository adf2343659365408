//! The heartbeat: an operating system thread with a runtime and a database connection of its own, so that neither
//! busy handlers nor a blocked main runtime nor an exhausted pool stop it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ports::{Error, Kind, Random, Result};
use sea_orm::DatabaseConnection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use uuid::Uuid;

use super::lease::{Lease, TRUST};
use super::new_holder;
use super::table::{self, Taken};
use super::watch::Watch;
use crate::engine::Engine;

/// Thrice within the time that a process believes to be alone: under full load a heartbeat may be late.
const BEAT: Duration = Duration::from_millis(500);
/// A heartbeat that takes longer has failed.
const ANSWER: Duration = Duration::from_millis(2500);
/// A heartbeat that took longer says nothing about others: they may be held up by the same thing.
const SLOW: Duration = Duration::from_millis(1000);
/// Between two observations of others.
pub(super) const LONGEST_GAP: Duration = Duration::from_secs(2);
/// How long a newcomer keeps still, see the module above.
const KEEP_STILL: Duration = Duration::from_secs(2);
/// How often a configured node id is tried, and how long: its former owner's lease is over by then.
const WANTED_LOOK: Duration = Duration::from_millis(500);
const WANTED_WAIT: Duration = Duration::from_secs(35);
/// Racing newcomers take each other's choice away at most this often.
const RACES: usize = 100;

/// What the rest of the process asks of the heart. When nobody can ask any more, it stops.
pub(super) enum Order {
    /// Give the row back and stop.
    Leave(oneshot::Sender<Result<()>>),
}

/// The heartbeat's state.
pub(super) struct Heart {
    engine: Engine,
    wanted: Option<u16>,
    random: Arc<dyn Random>,
    lease: Arc<Lease>,
    beats: Arc<Mutex<Watch>>,
    connection: Option<DatabaseConnection>,
    entry: Option<Entry>,
    stumbling: bool,
}

/// The row of this process.
#[derive(Clone, Copy)]
struct Entry {
    id: u16,
    holder: Uuid,
    /// When the last heartbeat was sent that succeeded.
    renewed: Instant,
    still_until: Instant,
}

impl Entry {
    /// Notes a heartbeat that has succeeded. Whose lease was over comes back like a newcomer: others may have
    /// believed to be alone since.
    fn renew(&mut self, sent: Instant, now: Instant) {
        if sent.duration_since(self.renewed) > TRUST {
            self.still_until = now + KEEP_STILL;
        }
        self.renewed = sent;
    }

    /// Whether a heartbeat sent then tells that this process may commit.
    fn may_commit(&self, sent: Instant) -> bool {
        sent >= self.still_until
    }
}

impl Heart {
    pub(super) fn new(
        engine: Engine,
        wanted: Option<u16>,
        random: Arc<dyn Random>,
        lease: Arc<Lease>,
        beats: Arc<Mutex<Watch>>,
    ) -> Self {
        Self { engine, wanted, random, lease, beats, connection: None, entry: None, stumbling: false }
    }

    /// Starts the thread. `joined` hears once whether this process may commit.
    pub(super) fn start(self, joined: oneshot::Sender<Result<()>>) -> Result<mpsc::UnboundedSender<Order>> {
        let (orders, to_obey) = mpsc::unbounded_channel();
        let cannot = |error: std::io::Error| Error::with(Kind::Unavailable, "cluster.join", error);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        std::thread::Builder::new()
            .name("mainstay-heart".to_owned())
            .spawn(move || runtime.block_on(self.live(joined, to_obey)))
            .map_err(cannot)?;
        Ok(orders)
    }

    async fn live(mut self, joined: oneshot::Sender<Result<()>>, mut orders: mpsc::UnboundedReceiver<Order>) {
        if let Err(error) = self.enter(WANTED_WAIT).await {
            // Who asked to join is told; nobody else is there to be told.
            let _ = joined.send(Err(error));
            return;
        }
        let mut joined = Some(joined);
        let mut ticks = interval(BEAT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                order = orders.recv() => {
                    let Some(Order::Leave(left)) = order else { return };
                    let outcome = self.leave().await;
                    let gone = outcome.is_ok();
                    let _ = left.send(outcome);
                    if gone {
                        return;
                    }
                }
                _ = ticks.tick() => match self.round().await {
                    Ok(true) => if let Some(joined) = joined.take() { let _ = joined.send(Ok(())); },
                    Ok(false) => {}
                    Err(error) => self.stumble(&error),
                },
            }
        }
    }

    /// One heartbeat, or the next try to get a row. True when this process may commit.
    async fn round(&mut self) -> Result<bool> {
        let Some(mut entry) = self.entry else {
            self.enter(Duration::ZERO).await?;
            return Ok(false);
        };
        let sent = Instant::now();
        let connection = self.connection().await?;
        let beat = timeout(ANSWER, async {
            let renewed = table::beat(&connection, entry.id, entry.holder).await?;
            Ok::<_, Error>((renewed, table::rows(&connection).await?))
        });
        let beat = beat.await.map_err(|_| Error::with(Kind::Unavailable, "cluster.beat", "no answer"))?;
        let (renewed, rows) = beat?;
        if !renewed {
            tracing::warn!(node = entry.id, "this process was taken for gone; it takes a new name");
            self.lease.lose();
            self.entry = None;
            return Ok(false);
        }
        let Entry { id, .. } = entry;
        let others = || rows.iter().filter(|row| u16::try_from(row.id) != Ok(id));
        self.observe(others().filter(|row| !row.is_buried()).map(|row| (row.holder, row.beat)), sent);
        entry.renew(sent, Instant::now());
        self.entry = Some(entry);
        if entry.may_commit(sent) {
            self.lease.renew(id, sent, !others().any(table::Row::is_alive));
        }
        self.stand();
        Ok(entry.may_commit(sent))
    }

    fn observe(&self, beats: impl Iterator<Item = (Uuid, i64)>, sent: Instant) {
        let now = Instant::now();
        let mut watch = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(sent) > SLOW {
            watch.reset();
        }
        watch.observe(beats, now);
    }

    /// Takes a row under a new name; a configured node id is waited for so long.
    async fn enter(&mut self, patience: Duration) -> Result<()> {
        let sent = Instant::now();
        let connection = self.connection().await?;
        let holder = new_holder(self.random.as_ref())?;
        let taken = match self.wanted {
            Some(id) => take_wanted(&connection, id, holder, patience).await?,
            None => take_lowest(&connection, holder).await?,
        };
        let rows = table::rows(&connection).await?;
        let others = rows.iter().any(|row| u16::try_from(row.id) != Ok(taken.id) && row.is_alive());
        // After taking over a row, too: should its owner be alive after all, its next heartbeat tells it.
        let wait = if others || taken.second_hand { KEEP_STILL } else { Duration::ZERO };
        self.lease.rename(holder);
        let still_until = Instant::now() + wait;
        self.entry = Some(Entry { id: taken.id, holder, renewed: sent, still_until });
        Ok(())
    }

    async fn leave(&mut self) -> Result<()> {
        self.lease.lose();
        if let Some(entry) = self.entry {
            let connection = self.connection().await?;
            table::remove(&connection, entry.id, entry.holder).await?;
        }
        self.entry = None;
        Ok(())
    }

    /// The next heartbeat gets a new connection: the old one may hang for minutes. One line per trouble, not per
    /// second of it.
    fn stumble(&mut self, error: &Error) {
        if !self.stumbling {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::warn!(%error, cause, "the heartbeat fails");
        }
        self.stumbling = true;
        self.lease.doubt();
        self.connection = None;
        self.beats.lock().unwrap_or_else(PoisonError::into_inner).reset();
    }

    fn stand(&mut self) {
        if self.stumbling {
            tracing::info!("the heartbeat is back");
        }
        self.stumbling = false;
    }

    async fn connection(&mut self) -> Result<DatabaseConnection> {
        if let Some(connection) = &self.connection {
            return Ok(connection.clone());
        }
        let connection = self.engine.heartbeat().await?;
        self.connection = Some(connection.clone());
        Ok(connection)
    }
}

async fn take_lowest(connection: &DatabaseConnection, holder: Uuid) -> Result<Taken> {
    for _ in 0..RACES {
        if let Some(taken) = table::take_any(connection, holder).await? {
            return Ok(taken);
        }
    }
    Err(Error::with(Kind::Conflict, "cluster.join", "too many processes join at once"))
}

/// A row whose beat moves is another living process's. One that stands still is this program's own, from before
/// it was killed, and free when its lease is over.
async fn take_wanted(
    connection: &DatabaseConnection,
    id: u16,
    holder: Uuid,
    patience: Duration,
) -> Result<Taken> {
    let deadline = Instant::now() + patience;
    let mut first_beat = None;
    loop {
        if let Some(taken) = table::take(connection, id, holder).await? {
            return Ok(taken);
        }
        let rows = table::rows(connection).await?;
        let beat = rows.iter().find(|row| u16::try_from(row.id) == Ok(id)).map(|row| row.beat);
        let moved = first_beat.is_some() && beat != first_beat;
        if moved || Instant::now() >= deadline {
            break;
        }
        first_beat = beat;
        sleep(WANTED_LOOK).await;
    }
    let text = format!("node id {id} belongs to another living process; configure another one, or none");
    Err(Error::with(Kind::Conflict, "cluster.join", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_lease_was_over_keeps_still_again() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut entry = Entry { id: 0, holder: Uuid::nil(), renewed: start, still_until: start };
        entry.renew(after(20), after(20));
        assert!(entry.may_commit(after(20)), "a short trouble changes nothing");
        entry.renew(after(46), after(47));
        assert!(!entry.may_commit(after(46)));
        entry.renew(after(48), after(48));
        assert!(!entry.may_commit(after(48)));
        entry.renew(after(49), after(49));
        assert!(entry.may_commit(after(49)));
    }
}
