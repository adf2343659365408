//! The loop that looks at the clock for recurring work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use application::schedules::Schedules;
use domain::Timestamp;
use ports::{Chain, Clock};
use tokio_util::sync::CancellationToken;

/// How long past its time a schedule may be noticed.
const LOOK: Duration = Duration::from_millis(250);
/// How long a schedule that somebody lets go on may wait to be noticed.
const READ: Duration = Duration::from_secs(20);

/// Looks at the clock often, and at the schedules when one is due.
pub(crate) struct ScheduleLoop {
    pub(crate) schedules: Schedules,
    pub(crate) clock: Arc<dyn Clock>,
}

/// When to read the schedules again.
struct Next {
    due: Option<Timestamp>,
    read: Instant,
}

impl ScheduleLoop {
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut next: Option<Next> = None;
        while !stop.is_cancelled() {
            if next.as_ref().is_none_or(|next| self.is_time(next)) {
                match self.schedules.tick().await {
                    Ok(due) => next = Some(Next { due, read: Instant::now() }),
                    Err(error) => {
                        tracing::warn!(error = %Chain(&error), "recurring work could not be looked at");
                        next = Some(Next { due: None, read: Instant::now() });
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    fn is_time(&self, next: &Next) -> bool {
        next.due.is_some_and(|due| due <= self.clock.now()) || next.read.elapsed() >= READ
    }
}
