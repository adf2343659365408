//! What is being loaded at this moment, and who waits for it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ports::Kind;
use tokio::sync::watch;

/// How a load ended.
#[derive(Debug, Clone)]
pub(super) enum Landing {
    /// With a value, in the form it is kept in.
    Loaded(Arc<[u8]>),
    /// With an error of this kind and operation.
    Failed(Kind, &'static str),
}

type Landed = watch::Receiver<Option<Landing>>;

/// The loads of this process, by name.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<String, Landed>>);

/// What a caller is to do.
pub(super) enum Role {
    /// To load.
    Lead(Lead),
    /// To wait for the one who does.
    Follow(Follow),
}

impl Flights {
    /// The first one leads, others follow until that has landed.
    pub(super) fn join(self: &Arc<Self>, name: &str) -> Role {
        match self.loads().entry(name.to_owned()) {
            Entry::Occupied(flight) => Role::Follow(Follow(flight.get().clone())),
            Entry::Vacant(vacancy) => {
                let (sender, receiver) = watch::channel(None);
                vacancy.insert(receiver);
                Role::Lead(Lead { flights: Arc::clone(self), name: name.to_owned(), sender })
            }
        }
    }

    /// Nobody joins the present flights any more; whoever is on board stays.
    pub(super) fn leave_behind(&self) {
        self.loads().clear();
    }

    fn loads(&self) -> MutexGuard<'_, HashMap<String, Landed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The duty to load. Dropped without having landed (a panic, a caller that went away), it passes on.
pub(super) struct Lead {
    flights: Arc<Flights>,
    name: String,
    sender: watch::Sender<Option<Landing>>,
}

impl Lead {
    /// Tells those who wait.
    pub(super) fn land(self, landing: Landing) {
        self.sender.send_replace(Some(landing));
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        let mut loads = self.flights.loads();
        // It may be a later flight's by now.
        let mine = loads.get(&self.name).is_some_and(|flight| flight.same_channel(&self.sender.subscribe()));
        if mine {
            loads.remove(&self.name);
        }
    }
}

/// A place to wait.
pub(super) struct Follow(Landed);

impl Follow {
    /// How it ended; `None` when whoever led gave up.
    pub(super) async fn landed(&mut self) -> Option<Landing> {
        let landing = self.0.wait_for(Option::is_some).await.ok()?;
        landing.clone()
    }
}
