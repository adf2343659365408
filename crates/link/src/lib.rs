//! A connection that is looked after: whether the server behind it answers, and who connects.
//!
//! One task, the keeper, connects, and connects again when somebody found the connection broken. Callers only ever
//! use a connection that is there; while there is none they are refused at once. That is all of the circuit breaker:
//! open means "the keeper has not seen an answer yet", and nobody but the keeper probes.
//! **Invariant:** it knows no server and no client library; a [`Door`] does.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use ports::{Chain, Error, Kind, Result};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

/// Between two tries to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How one kind of server is connected to.
#[async_trait]
pub trait Door: Send + Sync + 'static {
    /// Cheap to clone; many tasks speak over it at the same time.
    type Connection: Clone + Send + Sync + 'static;
    /// What the server is called in the log.
    fn server(&self) -> &'static str;
    /// A connection that has answered, to a server that has been told all it must know. It has to end in time.
    ///
    /// # Errors
    /// Any: it is tried again.
    async fn open(&self, lost: Lost<Self>) -> Result<Self::Connection>
    where
        Self: Sized;
    /// Whether the server still knows all that it must, or something was added while the connection was opened. Asked
    /// at the moment in which callers begin to see the connection.
    fn is_complete(&self, connection: &Self::Connection) -> bool;
}

/// A connection that has answered.
#[derive(Clone)]
pub struct Up<C> {
    /// The connection.
    pub connection: C,
    /// Its number.
    pub epoch: u64,
    /// When it answered.
    pub since: Instant,
}

#[derive(Clone)]
enum State<C> {
    /// The first try is under way: worth waiting for.
    Starting,
    Up(Up<C>),
    Down,
}

/// The way to a server. Dropping it closes the connection.
pub struct Link<D: Door> {
    shared: Arc<Shared<D>>,
    keeper: AbortHandle,
}

struct Shared<D: Door> {
    door: D,
    /// How long the first connection is waited for.
    patience: Duration,
    state: watch::Sender<State<D::Connection>>,
    broken: Notify,
}

/// Tells that one connection is no good any more. It keeps nothing alive.
pub struct Lost<D: Door> {
    shared: Weak<Shared<D>>,
    epoch: u64,
}

impl<D: Door> Clone for Lost<D> {
    fn clone(&self) -> Self {
        Self { shared: Weak::clone(&self.shared), epoch: self.epoch }
    }
}

impl<D: Door> Lost<D> {
    /// To be called as often as one likes.
    pub fn tell(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.lost(self.epoch);
        }
    }
}

impl<D: Door> Link<D> {
    /// Begins to connect, in the background. To be called on the runtime that lives longest. Callers wait for the
    /// very first connection as long as `patience` says.
    pub fn new(door: D, patience: Duration) -> Self {
        let state = watch::Sender::new(State::Starting);
        let shared = Arc::new(Shared { door, patience, state, broken: Notify::new() });
        let keeper = tokio::spawn(Arc::clone(&shared).keep()).abort_handle();
        Self { shared, keeper }
    }

    /// The door.
    pub fn door(&self) -> &D {
        &self.shared.door
    }

    /// The connection that is there.
    ///
    /// # Errors
    /// `Unavailable` when there is none.
    pub async fn now(&self, operation: &'static str) -> Result<Up<D::Connection>> {
        let mut state = self.shared.state.subscribe();
        let seen = state.borrow_and_update().clone();
        match seen {
            State::Up(up) => Ok(up),
            State::Down => Err(away(operation, "it is away")),
            State::Starting => {
                let first = timeout(self.shared.patience, state.changed()).await;
                match (first, state.borrow().clone()) {
                    (Ok(Ok(())), State::Up(up)) => Ok(up),
                    _ => Err(away(operation, "it is away")),
                }
            }
        }
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// `Unavailable` when the link is gone.
    pub async fn up(&self, operation: &'static str) -> Result<Up<D::Connection>> {
        let mut state = self.shared.state.subscribe();
        let seen = state.wait_for(|state| matches!(state, State::Up(_))).await.map(|state| state.clone());
        match seen {
            Ok(State::Up(up)) => Ok(up),
            _ => Err(away(operation, "the link is gone")),
        }
    }

    /// Returns when the connection of this epoch is not the present one any more.
    pub async fn gone(&self, epoch: u64) {
        let mut state = self.shared.state.subscribe();
        let gone = |state: &State<_>| !matches!(state, State::Up(up) if up.epoch == epoch);
        // An error: the sender has gone, and the connection with it.
        let _ = state.wait_for(gone).await;
    }

    /// Something failed on the connection of this epoch. Whoever is late says nothing about its successor.
    pub fn lost(&self, epoch: u64) {
        self.shared.lost(epoch);
    }

    /// Closes whatever connection there is, so that the door opens anew.
    pub fn start_over(&self) {
        let epoch = match &*self.shared.state.borrow() {
            State::Up(up) => up.epoch,
            State::Starting | State::Down => return,
        };
        self.shared.lost(epoch);
    }
}

impl<D: Door> Drop for Link<D> {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl<D: Door> Shared<D> {
    fn lost(&self, epoch: u64) {
        let changed = self.state.send_if_modified(|state| match state {
            State::Up(up) if up.epoch == epoch => {
                *state = State::Down;
                true
            }
            _ => false,
        });
        if changed {
            self.broken.notify_one();
        }
    }

    async fn keep(self: Arc<Self>) {
        let (mut pause, server) = (FIRST_PAUSE, self.door.server());
        for epoch in 0.. {
            match self.door.open(Lost { shared: Arc::downgrade(&self), epoch }).await {
                Ok(connection) => {
                    pause = FIRST_PAUSE;
                    if !self.show(connection, epoch) {
                        continue;
                    }
                    tracing::info!(server, "connected");
                    self.broken.notified().await;
                    tracing::warn!(server, "it does not answer; going on without");
                }
                Err(error) => {
                    if pause == FIRST_PAUSE {
                        tracing::warn!(server, error = %Chain(&error), "can't connect; trying again");
                    }
                    self.state.send_replace(State::Down);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Lets callers see a connection, unless the door has more to say.
    fn show(&self, connection: D::Connection, epoch: u64) -> bool {
        self.state.send_if_modified(|state| {
            if !self.door.is_complete(&connection) {
                return false;
            }
            *state = State::Up(Up { connection, epoch, since: Instant::now() });
            true
        })
    }
}

/// There is no connection, or it did not answer in time.
pub fn away(operation: &'static str, why: &'static str) -> Error {
    Error::with(Kind::Unavailable, operation, why)
}
