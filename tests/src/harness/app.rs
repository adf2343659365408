//! The application inside this process, with a database of its own.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use bootstrap::Overrides;
use bootstrap::api::{self, RunningApi};
use bootstrap::config::{Loaded, Source};
use futures_util::FutureExt;
use ports::{Clock, JobFilter, Page};
use testkit::fakes::FixedClock;

use super::client::Client;
use super::people::ADMIN_PASSWORD;
use super::postgres::Database;
use super::scratch::Scratch;
use super::wait::{PATIENCE, holds};
use super::Profile;

/// How a test wants the application started.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    clock: Option<Arc<FixedClock>>,
    variables: Vec<(&'static str, &'static str)>,
}

impl Setup {
    /// With a clock that only the test moves.
    pub(crate) fn owned_clock() -> Self {
        Self { clock: Some(Arc::new(FixedClock::default())), variables: Vec::new() }
    }

    /// With this variable, without its prefix.
    pub(crate) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }
}

/// A running application; it can be spoken to like any client.
pub(crate) struct App {
    client: Client,
    clock: Option<Arc<FixedClock>>,
    running: RunningApi,
}

impl Deref for App {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Runs one test over a profile. A missing server skips it, loudly.
pub(crate) async fn run(profile: Profile, setup: Setup, case: impl AsyncFn(&App)) {
    let database = match profile {
        Profile::Embedded => None,
        Profile::Postgres => match Database::fresh().await {
            Some(database) => Some(database),
            None => return,
        },
    };
    let data = Scratch::new();
    let app = App::start(&data, database.as_ref(), setup).await;
    let outcome = AssertUnwindSafe(case(&app)).catch_unwind().await;
    let outcome = match outcome {
        Ok(()) => AssertUnwindSafe(app.no_jobs_left()).catch_unwind().await,
        failed => failed,
    };
    app.running.stop().await.unwrap();
    if let Some(database) = database {
        database.drop().await;
    }
    outcome.unwrap_or_else(|panic| resume_unwind(panic));
}

impl App {
    async fn start(data: &Scratch, database: Option<&Database>, setup: Setup) -> Self {
        let mut variables: Vec<(&str, &str)> = BASICS.to_vec();
        variables.extend(database.map(|database| ("DATABASE__URL", database.url.as_str())));
        variables.extend(setup.variables);
        let clock = setup.clock.clone().map(|clock| clock as Arc<dyn Clock>);
        let running = api::start(loaded(data, &variables), Overrides { clock }).await.unwrap();
        Self { client: Client::new(running.address), clock: setup.clock, running }
    }

    fn clock(&self) -> &FixedClock {
        self.clock.as_deref().expect("this test did not ask for an owned clock")
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, by: Duration) {
        self.clock().advance(by);
    }

    pub(crate) fn advance_seconds(&self, seconds: u64) {
        self.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn advance_days(&self, days: u64) {
        self.advance_seconds(days * 24 * 60 * 60);
    }

    /// What was caused has been done: nothing is due any more, and nothing but what was meant to died.
    async fn no_jobs_left(&self) {
        let mut left = Vec::new();
        let begun = std::time::Instant::now();
        while begun.elapsed() < PATIENCE {
            left = self.jobs_left().await;
            if left.is_empty() {
                return;
            }
            holds("a pause", PATIENCE, async || true).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("jobs are left over: {left:?}");
    }

    async fn jobs_left(&self) -> Vec<String> {
        let now = match &self.clock {
            Some(clock) => clock.now(),
            None => chrono::DateTime::<chrono::Utc>::MAX_UTC,
        };
        let page = Page { limit: 1000, offset: 0, before: None };
        let jobs = self.running.app.jobs.list(&JobFilter::default(), page).await.unwrap().rows;
        let meant = |kind: &str| kind.starts_with("diagnostics.");
        let is_left = |job: &&_| is_left(job, now) || false;
        jobs.iter().filter(is_left).filter(|job| !meant(&job.kind)).map(|job| format!("{job:?}")).collect()
    }
}
