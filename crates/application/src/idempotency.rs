//! Requests that may be sent again: a key is reserved before anything is done, and what was done commits together
//! with the answer, or not at all.
//!
//! A reservation travels in the [`Context`](crate::Context). A unit of work under one does not commit but hands its
//! open transaction over; whoever has the answer keeps it in that transaction, under the reservation's token, and
//! commits both. A reservation that somebody else has taken over meanwhile refuses the answer, and so undoes the
//! effect.
//!
//! **Invariant:** with a key, an effect lasts only together with a kept answer. Refusals that must last by themselves
//! go through [`Work::deny`](crate::Work::deny). Knows neither methods nor statuses: an answer is opaque.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::Actor;
use ports::{Answer, Kind, Reserved, Tx};

use crate::{Context, Core, Error, Result};

/// How long an answer is kept.
const KEEP: Duration = Duration::from_secs(24 * 60 * 60);
/// When to ask again while the first request is being worked on.
const SOON: Duration = Duration::from_secs(1);

/// A request that its caller may send again.
#[derive(Debug, Clone, Copy)]
pub struct Repeatable<'a> {
    /// What the caller calls it.
    pub key: &'a str,
    /// What is asked for: the parts of which a key is a key.
    pub target: &'a [&'a str],
    /// What is sent: the parts that have to be the same again.
    pub sent: &'a [&'a [u8]],
}

/// What to do with a request.
#[derive(Debug)]
pub enum Turn {
    /// Do it, in a context with this reservation.
    First(Reservation),
    /// Answer as before.
    Again(Answer),
}

/// Use cases on keys.
#[derive(Clone)]
pub struct Idempotency {
    core: Core,
}

impl Idempotency {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// Reserves the key of a request for `lease`, or finds what was answered. `None` for anonymous callers: a key
    /// belongs to somebody.
    ///
    /// # Errors
    /// `IdempotencyMismatch` when something else was sent under this key; `IdempotencyInProgress` while the first
    /// request is being worked on.
    pub async fn reserve(
        &self,
        context: &Context,
        request: &Repeatable<'_>,
        lease: Duration,
    ) -> Result<Option<Turn>> {
        let Some(caller) = caller_of(context) else { return Ok(None) };
        let now = self.core.clock.now();
        let key = self.key(&caller, request);
        let wanted = ports::Reservation {
            key: key.clone(),
            fingerprint: self.fingerprint(request),
            token: self.core.ids.snowflake()?,
            now,
            lease_until: now + lease,
            keep_until: now + KEEP,
        };
        match self.core.store.idempotency().reserve(&wanted).await? {
            Reserved::Granted { token } => {
                fail::fail_point!("idempotency.reserved", |_| std::process::abort());
                Ok(Some(Turn::First(Reservation::new(self.core.clone(), key, token))))
            }
            Reserved::Answered(answer) => Ok(Some(Turn::Again(answer))),
            Reserved::Running => Err(in_progress()),
            Reserved::Different => Err(Error::IdempotencyMismatch),
        }
    }

    fn key(&self, caller: &[String], request: &Repeatable<'_>) -> Vec<u8> {
        let parts = caller.iter().map(String::as_bytes);
        let parts = parts.chain(request.target.iter().map(|part| part.as_bytes()));
        let parts: Vec<&[u8]> = parts.chain([request.key.as_bytes()]).collect();
        self.core.sealer.derive(b"idempotency key", &parts).to_vec()
    }

    /// Keyed by what the caller calls it, which is stored nowhere: from the table alone nobody can try out what
    /// was sent.
    fn fingerprint(&self, request: &Repeatable<'_>) -> Vec<u8> {
        self.core.sealer.derive(request.key.as_bytes(), request.sent).to_vec()
    }
}

/// Whose keys these are. One person in two tenants is two callers, and so are a person and a program of theirs.
fn caller_of(context: &Context) -> Option<[String; 3]> {
    if context.actor == Actor::Anonymous {
        return None;
    }
    let tenant = context.scope.tenant_uuid().map(|tenant| tenant.to_string());
    let key = context.actor.api_key().map(|key| key.to_string());
    let name = key.or_else(|| context.actor.name()).unwrap_or_default();
    Some([context.actor.kind().to_owned(), name, tenant.unwrap_or_default()])
}

fn in_progress() -> Error {
    Error::IdempotencyInProgress { retry_after: SOON }
}

/// What has to follow a commit, and must not without it.
pub(crate) type AfterCommit = Box<dyn FnOnce() + Send + Sync>;

/// A unit of work that waits for its commit.
pub(crate) struct Pending {
    pub(crate) tx: Box<dyn Tx>,
    pub(crate) after: Vec<AfterCommit>,
}

impl Pending {
    pub(crate) async fn commit(self) -> Result<()> {
        self.tx.commit().await?;
        self.after.into_iter().for_each(|call| call());
        Ok(())
    }
}

/// What a use case has left so far.
enum Effect {
    /// Nothing, or nothing that was to last.
    None,
    /// What it would have committed.
    Pending(Pending),
    /// A further unit of work has gone on in the same transaction. Unless it hands it back, all is undone.
    Resumed,
}

/// A key that is held. Clones are the same reservation.
#[derive(Clone)]
pub struct Reservation(Arc<Held>);

struct Held {
    core: Core,
    key: Vec<u8>,
    token: i64,
    effect: Mutex<Effect>,
}

impl Reservation {
    fn new(core: Core, key: Vec<u8>, token: i64) -> Self {
        Self(Arc::new(Held { core, key, token, effect: Mutex::new(Effect::None) }))
    }

    /// For a unit of work that begins: the transaction to go on with. All units of work under one key are one
    /// transaction, because they have one answer.
    pub(crate) fn resume(&self) -> Result<Option<Pending>> {
        let mut effect = self.effect();
        match std::mem::replace(&mut *effect, Effect::Resumed) {
            Effect::None => {
                *effect = Effect::None;
                Ok(None)
            }
            Effect::Pending(pending) => Ok(Some(pending)),
            Effect::Resumed => Err(undone()),
        }
    }

    /// For a unit of work that would commit.
    pub(crate) fn hand_over(&self, pending: Pending) -> Result<()> {
        let mut effect = self.effect();
        match std::mem::replace(&mut *effect, Effect::Pending(pending)) {
            Effect::None | Effect::Resumed => Ok(()),
            // Two at once: only one of them could commit with the answer.
            Effect::Pending(_) => {
                *effect = Effect::Resumed;
                Err(undone())
            }
        }
    }

    /// Does what is asked up to its answer, and all of it again, a few times, when a concurrent unit of work has undone
    /// it (`lost`).
    pub async fn again<T, F>(&self, attempt: impl Fn() -> F, lost: impl Fn(&T) -> bool) -> T
    where
        F: Future<Output = T>,
    {
        let attempt = || async {
            // What an earlier try has left goes: units of work under one key are one, and it is over.
            drop(self.take());
            attempt().await
        };
        self.0.core.again_while(attempt, lost).await
    }

    /// Commits what was done, with its answer.
    ///
    /// # Errors
    /// Then nothing has been done. `IdempotencyInProgress` when somebody else has taken the key over.
    pub async fn keep(&self, answer: &Answer) -> Result<()> {
        match self.take() {
            Effect::Pending(pending) => self.commit_with(pending, answer).await,
            Effect::None => self.keep_alone(answer).await,
            Effect::Resumed => Err(undone()),
        }
    }

    /// Keeps a refusal, with what was done to refuse.
    ///
    /// # Errors
    /// As [`Reservation::keep`].
    pub async fn keep_refusal(&self, answer: &Answer) -> Result<()> {
        match self.take() {
            Effect::Pending(pending) => self.commit_with(pending, answer).await,
            Effect::None | Effect::Resumed => self.keep_alone(answer).await,
        }
    }

    /// Commits what was done and gives the key up in the same transaction, for answers that nobody may keep: as if
    /// no key had been sent.
    ///
    /// # Errors
    /// Then nothing has been done.
    pub async fn commit_unkept(&self) -> Result<()> {
        match self.take() {
            Effect::Pending(pending) => {
                pending.tx.idempotency().release(&self.0.key, self.0.token).await?;
                pending.commit().await
            }
            Effect::None => Ok(self.0.core.store.idempotency().release(&self.0.key, self.0.token).await?),
            Effect::Resumed => Err(undone()),
        }
    }

    /// Undoes what has not been committed and gives the key up.
    ///
    /// # Errors
    /// Then the key is free once its lease is over.
    pub async fn release(&self) -> Result<()> {
        // First of all, because it may hold what the statement below waits for.
        drop(self.take());
        Ok(self.0.core.store.idempotency().release(&self.0.key, self.0.token).await?)
    }

    async fn commit_with(&self, pending: Pending, answer: &Answer) -> Result<()> {
        let kept = pending.tx.idempotency().answer(&self.0.key, self.0.token, answer).await;
        kept.map_err(taken_over)?;
        fail::fail_point!("idempotency.answered", |_| std::process::abort());
        pending.commit().await?;
        fail::fail_point!("idempotency.committed", |_| std::process::abort());
        Ok(())
    }

    async fn keep_alone(&self, answer: &Answer) -> Result<()> {
        let kept = self.0.core.store.idempotency().answer(&self.0.key, self.0.token, answer).await;
        kept.map_err(taken_over)
    }

    fn take(&self) -> Effect {
        std::mem::replace(&mut *self.effect(), Effect::None)
    }

    fn effect(&self) -> MutexGuard<'_, Effect> {
        self.0.effect.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("token", &self.0.token).finish_non_exhaustive()
    }
}

fn taken_over(error: ports::Error) -> Error {
    if error.kind() == Kind::Precondition { in_progress() } else { error.into() }
}

/// A use case committed one unit of work and dropped the next, or held two at once.
fn undone() -> Error {
    let text = "a unit of work under an idempotency key was dropped after another, or held beside it";
    Error::Internal(ports::Error::with(Kind::Internal, "idempotency.commit", text))
}
