//! Connections of a thread's own.
//!
//! A socket is watched by the runtime of the thread that opened it. A thread that serves requests and waits on
//! a socket which another thread watches is woken by way of that thread: two more context switches per query,
//! a quarter of the price of a small one. So each such thread has connections that it opened itself, and takes
//! others' only when its own are all busy.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use sea_orm::DatabaseConnection;

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

/// One small pool per dedicated thread. Empty on engines that do without.
#[derive(Clone, Default)]
pub(crate) struct Dedicated(Vec<DatabaseConnection>);

impl Dedicated {
    pub(crate) fn new(pools: Vec<DatabaseConnection>) -> Self {
        Self(pools)
    }

    /// A pool for the calling thread; `None` when it has none of its own.
    pub(crate) fn for_this_thread(&self) -> Option<&DatabaseConnection> {
        let number = NUMBER.with(Cell::get)?;
        let own = self.0.get(number % self.0.len().max(1))?;
        if is_free(own) {
            return Some(own);
        }
        Some(self.0.iter().find(|other| other.get_postgres_connection_pool().num_idle() > 0).unwrap_or(own))
    }
}

/// Whether a connection is idle or may still be opened.
fn is_free(connection: &DatabaseConnection) -> bool {
    let pool = connection.get_postgres_connection_pool();
    pool.num_idle() > 0 || pool.size() < pool.options().get_max_connections()
}
