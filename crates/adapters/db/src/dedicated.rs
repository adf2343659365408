//! Connections of a thread's own.
//!
//! A socket is watched by the runtime of the thread that opened it. A thread that serves requests and waits on
//! a socket which another thread watches is woken by way of that thread: two more context switches per query,
//! a quarter of the price of a small one. So each such thread has connections that it opened itself, and takes
//! others' only when its own are all busy.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::remarks::Remarked;

thread_local! {
    static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Gives the calling thread connections of its own, as far as they go around. Calling it again changes nothing.
pub fn dedicate_thread() {
    NUMBER.with(|number| {
        if number.get().is_none() {
            number.set(Some(NEXT.fetch_add(1, Ordering::Relaxed)));
        }
    });
}

/// What a connection is wanted for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    Read,
    Write,
}

/// A dedicated thread's pool.
pub(crate) struct Own {
    pub(crate) connection: Remarked,
    /// The same pool, asked for what it has to give.
    pub(crate) room: Box<dyn Room>,
}

/// How busy a pool is, whichever the driver.
pub(crate) trait Room: Send + Sync {
    /// A connection is idle.
    fn is_idle(&self) -> bool;
    /// A connection is idle or may still be opened.
    fn is_free(&self) -> bool;
}

impl<DB: sqlx::Database> Room for sqlx::Pool<DB> {
    fn is_idle(&self) -> bool {
        self.num_idle() > 0
    }

    fn is_free(&self) -> bool {
        self.is_idle() || self.size() < self.options().get_max_connections()
    }
}

/// Small pools for each dedicated thread. Empty on engines that do without.
#[derive(Clone, Default)]
pub(crate) struct Dedicated {
    read: Arc<[Own]>,
    write: Arc<[Own]>,
}

impl Dedicated {
    /// One pool for each thread.
    pub(crate) fn new(pools: Vec<Own>) -> Self {
        let write: Arc<[Own]> = pools.into();
        Self { read: Arc::clone(&write), write }
    }

    /// Two pools for each thread, because who reads is somebody else.
    pub(crate) fn divided(read: Vec<Own>, write: Vec<Own>) -> Self {
        Self { read: read.into(), write: write.into() }
    }

    /// A pool for the calling thread; `None` when it has none of its own.
    pub(crate) fn for_this_thread(&self, side: Side) -> Option<&Remarked> {
        let number = NUMBER.with(Cell::get)?;
        let pools = match side {
            Side::Read => &self.read,
            Side::Write => &self.write,
        };
        let own = pools.get(number % pools.len().max(1))?;
        if own.room.is_free() {
            return Some(&own.connection);
        }
        let lender = pools.iter().find(|other| other.room.is_idle()).unwrap_or(own);
        Some(&lender.connection)
    }
}
