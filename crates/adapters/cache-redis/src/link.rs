//! The connection, and whether the server behind it answers.
//!
//! One task, the keeper, connects, and connects again when a command found the connection broken. Callers only ever
//! use a connection that is there; while there is none they are refused at once. That is all of the circuit breaker:
//! open means "the keeper has not seen an answer yet", and nobody but the keeper probes.

use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::aio::ConnectionLike;
use deadpool_redis::redis::{RedisResult, cmd};
use ports::{Chain, Error, Kind, Result};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use crate::address::Address;
use crate::connection::Connection;
use crate::error::{away, breaks_the_link, refused};
use crate::names::Names;
use crate::owed::{Forget, Owed};
use crate::scan;
use crate::server::Server;

/// To connect, Sentinels and TLS included.
const CONNECTING: Duration = Duration::from_secs(2);
/// Between two tries to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// For what is owed: many keys may have to be looked through.
const PAYING: Duration = Duration::from_secs(30);

#[derive(Clone)]
enum State {
    /// The first try is under way: worth waiting for.
    Starting,
    Up(Up),
    Down,
}

/// A connection that has answered.
#[derive(Clone)]
struct Up {
    connection: Connection,
    epoch: u64,
    since: Instant,
}

/// The way to the servers of one address. Dropping it closes the connection.
pub(crate) struct Link {
    shared: Arc<Shared>,
    keeper: AbortHandle,
}

struct Shared {
    address: Address,
    names: Names,
    server: Server,
    state: watch::Sender<State>,
    broken: Notify,
    owed: Owed,
}

impl Link {
    /// Begins to connect, in the background. To be called on the runtime that lives longest.
    pub(crate) fn new(address: Address) -> Result<Self> {
        let shared = Arc::new(Shared {
            server: Server::new(&address)?,
            names: Names(address.prefix.clone()),
            address,
            state: watch::Sender::new(State::Starting),
            broken: Notify::new(),
            owed: Owed::default(),
        });
        let keeper = tokio::spawn(Arc::clone(&shared).keep()).abort_handle();
        Ok(Self { shared, keeper })
    }

    pub(crate) fn address(&self) -> &Address {
        &self.shared.address
    }

    pub(crate) fn names(&self) -> &Names {
        &self.shared.names
    }

    /// Runs a command or a few, within the time limit.
    pub(crate) async fn run<T>(
        &self,
        operation: &'static str,
        work: impl AsyncFnOnce(Connection) -> RedisResult<T>,
    ) -> Result<T> {
        self.run_within(self.shared.address.timeout, operation, work).await
    }

    /// The same with a time limit of its own.
    pub(crate) async fn run_within<T>(
        &self,
        limit: Duration,
        operation: &'static str,
        work: impl AsyncFnOnce(Connection) -> RedisResult<T>,
    ) -> Result<T> {
        let up = self.connection(operation).await?;
        self.run_on(up, limit, operation, work).await
    }

    /// The same over a connection that has been up for `age` at least, as if there was none otherwise: what a server has
    /// brought back from before a crash, and lets go after that time, is never seen.
    pub(crate) async fn run_seasoned<T>(
        &self,
        age: Duration,
        operation: &'static str,
        work: impl AsyncFnOnce(Connection) -> RedisResult<T>,
    ) -> Result<T> {
        let up = self.connection(operation).await?;
        if up.since.elapsed() < age {
            return Err(away(operation, "it has come back a moment ago"));
        }
        self.run_on(up, self.shared.address.timeout, operation, work).await
    }

    async fn run_on<T>(
        &self,
        up: Up,
        limit: Duration,
        operation: &'static str,
        work: impl AsyncFnOnce(Connection) -> RedisResult<T>,
    ) -> Result<T> {
        match timeout(limit, work(up.connection)).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                if breaks_the_link(&error) {
                    self.shared.lost(up.epoch);
                }
                Err(refused(error, operation))
            }
            Err(_) => {
                self.shared.lost(up.epoch);
                Err(away(operation, "it did not answer in time"))
            }
        }
    }

    /// Forgets, or owes it.
    pub(crate) async fn forget(&self, operation: &'static str, forget: Forget) -> Result<()> {
        let limit = match forget {
            Forget::Keys(_) => self.shared.address.timeout,
            Forget::Matching(_) => PAYING,
        };
        let done = self.run_within(limit, operation, async |connection| pay(connection, &forget).await).await;
        if done.is_err() {
            self.shared.owed.add(forget);
            // A connection that came up meanwhile has not been told.
            self.shared.start_over();
        }
        done
    }

    async fn connection(&self, operation: &'static str) -> Result<Up> {
        let mut state = self.shared.state.subscribe();
        let seen = state.borrow_and_update().clone();
        match seen {
            State::Up(up) => Ok(up),
            State::Down => Err(away(operation, "it is away")),
            State::Starting => {
                let first = timeout(self.shared.address.timeout, state.changed()).await;
                match (first, state.borrow().clone()) {
                    (Ok(Ok(())), State::Up(up)) => Ok(up),
                    _ => Err(away(operation, "it is away")),
                }
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Shared {
    /// A command failed on the connection of this epoch. Whoever is late says nothing about its successor.
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

    /// Closes whatever connection there is, so that the next one begins with what is owed.
    fn start_over(&self) {
        let epoch = match &*self.state.borrow() {
            State::Up(up) => up.epoch,
            State::Starting | State::Down => return,
        };
        self.lost(epoch);
    }

    async fn keep(self: Arc<Self>) {
        let mut pause = FIRST_PAUSE;
        for epoch in 0.. {
            match self.open().await {
                Ok(connection) => {
                    tracing::info!(server = "redis", "connected");
                    pause = FIRST_PAUSE;
                    self.state.send_replace(State::Up(Up { connection, epoch, since: Instant::now() }));
                    self.broken.notified().await;
                    tracing::warn!(server = "redis", "it does not answer; going on without");
                }
                Err(error) => {
                    if pause == FIRST_PAUSE {
                        tracing::warn!(server = "redis", error = %Chain(&error), "can't connect; trying again");
                    }
                    self.state.send_replace(State::Down);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// A connection that has answered, to a server that has been told everything it must forget.
    async fn open(&self) -> Result<Connection> {
        const OPERATION: &str = "connect to Redis";
        let slow = |_| away(OPERATION, "it did not answer in time");
        let mut connection = timeout(CONNECTING, self.server.connect()).await.map_err(slow)??;
        let ping = cmd("PING");
        let answer =
            timeout(self.address.timeout, connection.req_packed_command(&ping)).await.map_err(slow)?;
        answer.map_err(|error| Error::with(Kind::Unavailable, OPERATION, error))?;
        self.settle(&connection).await?;
        Ok(connection)
    }

    async fn settle(&self, connection: &Connection) -> Result<()> {
        let mut debts = self.owed.take(|everything| self.names.matching(everything)).into_iter();
        while let Some(forget) = debts.next() {
            let paid = timeout(PAYING, pay(connection.clone(), &forget)).await;
            if !matches!(paid, Ok(Ok(()))) {
                self.owed.add(forget);
                debts.for_each(|forget| self.owed.add(forget));
                return Err(away("cache.forget", "it did not take what it must forget"));
            }
        }
        Ok(())
    }
}

async fn pay(mut connection: Connection, forget: &Forget) -> RedisResult<()> {
    match forget {
        Forget::Keys(keys) if keys.is_empty() => Ok(()),
        Forget::Keys(keys) => cmd("UNLINK").arg(keys).query_async(&mut connection).await,
        Forget::Matching(pattern) => scan::unlink_matching(connection, pattern).await,
    }
}
