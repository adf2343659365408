//! What fresh databases on a server have in common, whichever the server: names that tell their age, what earlier
//! runs left behind, and tidying up beside the tests.

use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, SystemTime};

/// All databases of tests begin so.
pub(crate) const PREFIX: &str = "mainstay_test_";
/// How long a server may take to accept a connection.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);
/// Older leftovers belong to runs that are over.
const LEFTOVER: Duration = Duration::from_secs(60 * 60);

/// A name that nobody else has.
pub(crate) fn fresh_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{PREFIX}{}_{}_{number}", seconds_now(), std::process::id())
}

/// Whether a run that is over has left it.
pub(crate) fn is_leftover(name: &str) -> bool {
    let born = name.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next()?.parse::<u64>().ok());
    born.is_some_and(|born| born + LEFTOVER.as_secs() < seconds_now())
}

/// The URL of the server: what the variable says, or the one of a prepared machine.
#[allow(clippy::disallowed_methods, reason = "a switch of the test run, not configuration of the program")]
pub(crate) fn server_url(variable: &str, default: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| default.to_owned())
}

type Job = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// Does something beside the tests, several things at a time, in a thread with a runtime of its own: the test's may be
/// at its end. Dropping a database makes the server write everything it has in memory, which takes longer than most
/// tests. Whoever is too fast for it waits, so that little is left behind.
pub(crate) fn afterwards<F: Future<Output = ()> + 'static>(job: impl FnOnce() -> F + Send + 'static) {
    static WORKER: OnceLock<SyncSender<Job>> = OnceLock::new();
    let worker = WORKER.get_or_init(|| {
        let (sender, receiver) = std::sync::mpsc::sync_channel::<Job>(8);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            while let Ok(first) = receiver.recv() {
                let some = std::iter::once(first).chain(receiver.try_iter());
                let some: Vec<_> = some.map(|job| job()).collect();
                let local = tokio::task::LocalSet::new();
                local.block_on(&runtime, async {
                    let mut all = tokio::task::JoinSet::new();
                    for job in some {
                        all.spawn_local(job);
                    }
                    all.join_all().await;
                });
            }
        });
        sender
    });
    // A worker that is gone leaves it to a later run.
    let _ = worker.send(Box::new(move || Box::pin(job())));
}

#[allow(clippy::disallowed_methods, reason = "the age of leftovers is real time")]
fn seconds_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_secs())
}
