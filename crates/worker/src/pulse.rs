//! One waiter on the engine's wake-ups, shared by all loops of a worker. Each loop has its own receiver, so that
//! none misses a wake-up that comes while it is busy.

use std::sync::Arc;
use std::time::Duration;

use ports::Wakeups;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long loops wait at most before they look for themselves: retries come due without anybody's notice, and
/// SQLite tells other processes nothing.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);

/// Beats whenever there may be work.
#[derive(Clone)]
pub(crate) struct Pulse(watch::Receiver<u64>);

impl Pulse {
    /// A pulse, and the task that drives it until `stop`.
    pub(crate) fn new(
        wakeups: Arc<dyn Wakeups>,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()>) {
        let (sender, receiver) = watch::channel(0);
        let drive = async move {
            while !stop.is_cancelled() {
                tokio::select! {
                    () = wakeups.wait(LOOK_ANYWAY) => sender.send_modify(|beats| *beats += 1),
                    () = stop.cancelled() => {}
                }
            }
        };
        (Self(receiver), drive)
    }

    /// Returns at the next beat since the last call. Never again once the driver has stopped.
    pub(crate) async fn beat(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
