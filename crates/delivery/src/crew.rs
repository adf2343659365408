//! Who has subscribed in this process, and the tasks that work for them.

use std::sync::{Arc, Mutex, PoisonError};

use ports::{Error, EventHandler, Kind, Result};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Member, Patience};

const SUBSCRIBE: &str = "subscribe to events";

/// The members of one process.
pub struct Crew {
    patience: Patience,
    members: Mutex<Vec<Arc<Member>>>,
    tasks: Mutex<JoinSet<()>>,
    stop: CancellationToken,
}

impl Crew {
    /// Nobody yet.
    pub fn new(patience: Patience) -> Self {
        Self { patience, members: Mutex::default(), tasks: Mutex::default(), stop: CancellationToken::new() }
    }

    /// A new member.
    ///
    /// # Errors
    /// `Conflict` when the group has one for this kind; `Unavailable` once closed.
    pub fn join(&self, group: &str, kind: &str, handler: Arc<dyn EventHandler>) -> Result<Arc<Member>> {
        self.open(SUBSCRIBE)?;
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        if members.iter().any(|member| member.group == group && member.kind == kind) {
            return Err(Error::new(Kind::Conflict, SUBSCRIBE));
        }
        let (group, kind) = (group.to_owned(), kind.to_owned());
        let member = Arc::new(Member { group, kind, handler, patience: self.patience });
        members.push(Arc::clone(&member));
        Ok(member)
    }

    /// All members.
    pub fn members(&self) -> Vec<Arc<Member>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether nobody has subscribed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a member wants events of this type.
    pub fn wants(&self, event_type: &str) -> bool {
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let wants = |member: &Arc<Member>| {
            event_type.strip_suffix(&member.kind).is_some_and(|prefix| prefix.ends_with('.'))
        };
        members.iter().any(wants)
    }

    /// Begins a task that ends soon after [`Crew::stop`].
    pub fn begin(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(task);
    }

    /// Cancelled when the crew stops.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Whether it is still at work.
    ///
    /// # Errors
    /// `Unavailable` once closed.
    pub fn open(&self, operation: &'static str) -> Result<()> {
        if self.stop.is_cancelled() {
            return Err(Error::with(Kind::Unavailable, operation, "closed"));
        }
        Ok(())
    }

    /// Ends all tasks where they stand, as a crash would. For whoever drops a broker: its tasks share the crew, which
    /// therefore outlives its handle.
    pub fn abandon(&self) {
        self.stop.cancel();
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    /// Stops all tasks and waits for them.
    pub async fn close(&self) {
        self.stop.cancel();
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task of the broker failed");
            }
        }
    }
}
