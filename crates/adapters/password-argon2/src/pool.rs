//! The threads that hash.
//!
//! A job counts as waiting while all threads are busy. A thread keeps its block of memory from one hash to
//! the next, because getting it anew takes nearly as long as the hash itself, and gives it back when it has
//! had nothing to do for a while.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use argon2::password_hash::phc::Output;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use ports::{Error, Kind, Result};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use crate::pepper::Pepper;

/// How long a thread without work keeps its memory.
const KEEP_MEMORY: Duration = Duration::from_secs(2);

/// Blocks (of 1 KiB) to reserve at least. glibc keeps freed memory for itself up to a size that adapts to
/// what the program does, but never beyond 32 MiB; a larger reservation goes back to the system as soon as it
/// is freed. Pages that are reserved and never touched take no memory. (Measured: 4 MiB resident after each of
/// three bursts on two threads of 19 MiB; 82 MiB after the third without this.)
const LEAST_RESERVATION: usize = 33 * 1024;

/// Memory of one hash at most, in KiB: 1 GiB. A stored hash that asks for more is damaged, and must not take
/// the machine down.
pub(crate) const MOST_MEMORY: u32 = 1024 * 1024;

/// What to compute.
pub(crate) struct Recipe {
    pub(crate) algorithm: Algorithm,
    pub(crate) version: Version,
    pub(crate) params: Params,
    pub(crate) salt: Vec<u8>,
    pub(crate) pepper: Option<Arc<Pepper>>,
}

struct Job {
    password: SecretString,
    recipe: Recipe,
    reply: oneshot::Sender<Result<Output>>,
}

/// Threads and their bounded queue.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads: usize,
    max_waiting: usize,
}

#[derive(Default)]
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    busy: usize,
    closed: bool,
}

impl Pool {
    pub(crate) fn start(threads: usize, max_waiting: usize) -> Result<Self> {
        if threads == 0 {
            return Err(Error::with(
                Kind::Internal,
                "set up password hashing",
                "it needs at least one thread",
            ));
        }
        let pool = Self { shared: Arc::default(), threads, max_waiting };
        for number in 0..threads {
            let shared = pool.shared.clone();
            thread::Builder::new()
                .name(format!("argon2-{number}"))
                .spawn(move || shared.work())
                .map_err(|error| Error::with(Kind::Internal, "set up password hashing", error))?;
        }
        Ok(pool)
    }

    /// Computes a tag. When the caller gives up while its job waits, the job is skipped.
    pub(crate) async fn tag(&self, password: SecretString, recipe: Recipe) -> Result<Output> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Job { password, recipe, reply })?;
        answer.await.map_err(|gone| Error::with(Kind::Internal, "hash a password", gone))?
    }

    fn enqueue(&self, job: Job) -> Result<()> {
        let mut state = self.shared.lock();
        let room = self.threads - state.busy + self.max_waiting;
        if state.queue.len() >= room {
            state.queue.retain(|waiting| !waiting.reply.is_closed());
        }
        if state.queue.len() >= room {
            return Err(Error::new(Kind::RateLimited, "hash a password"));
        }
        state.queue.push_back(job);
        self.shared.changed.notify_one();
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn alive(&self) -> std::sync::Weak<Shared> {
        Arc::downgrade(&self.shared)
    }
}

/// Threads hold a share of `Shared` and not of the pool, so that the pool's end can tell them to stop.
impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held, so a poisoned state is as good as any other.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread's life.
    fn work(&self) {
        let mut memory = Vec::new();
        while let Some(job) = self.next(&mut memory) {
            // A panic would be a bug of the algorithm's; it must not cost the thread.
            let tag = catch_unwind(AssertUnwindSafe(|| compute(&job, &mut memory)));
            // Free before the answer: who has it may come back at once.
            self.lock().busy -= 1;
            let panicked = |_| Err(Error::with(Kind::Internal, "hash a password", "it panicked"));
            // The caller may have gone meanwhile; nobody misses the answer then.
            let _ = job.reply.send(tag.unwrap_or_else(panicked));
        }
    }

    /// Waits for a job that somebody still waits for and counts the thread as busy; `None` at the end.
    fn next(&self, memory: &mut Vec<Block>) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(job) = state.queue.pop_front() {
                if job.reply.is_closed() {
                    continue;
                }
                state.busy += 1;
                return Some(job);
            }
            if memory.capacity() == 0 {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let waited = self.changed.wait_timeout(state, KEEP_MEMORY);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() {
                *memory = Vec::new();
            }
        }
    }
}

fn compute(job: &Job, memory: &mut Vec<Block>) -> Result<Output> {
    let Recipe { algorithm, version, params, salt, pepper } = &job.recipe;
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::with(Kind::Internal, "hash a password", error)
    };
    let argon2 = match pepper {
        None => Argon2::new(*algorithm, *version, params.clone()),
        Some(pepper) => Argon2::new_with_secret(pepper.key(), *algorithm, *version, params.clone())
            .map_err(|error| failed(error.into()))?,
    };
    let blocks = params.block_count();
    if memory.len() < blocks {
        // Freed first: there is no use in the old content, nor room for both.
        *memory = Vec::new();
        memory
            .try_reserve_exact(blocks.max(LEAST_RESERVATION))
            .map_err(|error| Error::with(Kind::Unavailable, "hash a password", error))?;
        memory.resize(blocks, Block::new());
    }
    let mut tag = [0; Output::MAX_LENGTH];
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let tag = tag.get_mut(..length).ok_or_else(|| failed("the stored hash is too long".into()))?;
    argon2
        .hash_password_into_with_memory(job.password.expose_secret().as_bytes(), salt, tag, memory)
        .map_err(|error| failed(error.into()))?;
    Output::new(tag).map_err(|error| failed(error.into()))
}
