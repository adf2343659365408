//! The worker, alone in `mainstay-worker` or inside the API.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use db::Process;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::{Settings, Worker};

use crate::api::health_state;
use crate::config::{Config, Loaded};
use crate::core::{Overrides, Shared, assemble, connect, keep_keys, keys_every, migrate};
use crate::stop;

/// A worker at work.
pub(crate) struct RunningWorker {
    stop: CancellationToken,
    task: JoinHandle<ports::Result<()>>,
}

impl RunningWorker {
    /// Starts the loops.
    pub(crate) fn start(config: &Config, shared: &Shared) -> Self {
        let worker = Worker {
            app: shared.app.clone(),
            leases: shared.database.leases(),
            outbox: shared.database.outbox(),
            wakeups: shared.database.wakeups(),
            broker: Arc::clone(&shared.broker),
            cluster: shared.database.cluster(),
            clock: Arc::clone(&shared.clock),
            random: Arc::clone(&shared.random),
            settings: Settings {
                queues: config.worker.queues.iter().map(|queue| queue.as_str().to_owned()).collect(),
                concurrency: config.worker.concurrency,
                drain: Duration::from_secs(config.server.shutdown_timeout_seconds),
            },
        };
        let stop = CancellationToken::new();
        Self { task: tokio::spawn(worker.run(stop.clone())), stop }
    }

    /// Lets running jobs end, then returns.
    pub(crate) async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.task.await.context("the worker panicked")?.context("the worker failed")
    }
}

/// Runs `mainstay-worker` until a signal.
pub(crate) async fn run(loaded: Loaded) -> Result<()> {
    let config = loaded.config;
    let database = connect(&config, Process::Worker).await?;
    migrate(&config, &database).await?;
    let shared = assemble(&config, database, Overrides::default()).await?;
    let worker = RunningWorker::start(&config, &shared);
    let keys = tokio::spawn(keep_keys(shared.app.clone(), keys_every(&config)));
    let health = health(&config, &shared)?;

    stop::signalled().await?;
    tracing::info!("stopping");
    if let Some((server, lifecycle)) = &health {
        lifecycle.draining();
        tokio::time::sleep(Duration::from_secs(config.server.drain_delay_seconds)).await;
        server.stop(false).await;
    }
    keys.abort();
    worker.stop().await?;
    shared.database.cluster().leave().await.context("could not give the node id back")
}

type HealthServer = (http::ServerHandle, Arc<http::Lifecycle>);

/// Liveness and readiness of the worker, where a port is configured for them.
fn health(config: &Config, shared: &Shared) -> Result<Option<HealthServer>> {
    let Some(port) = config.worker.health_port else { return Ok(None) };
    let lifecycle = Arc::new(http::Lifecycle::default());
    let state = health_state(config, shared, &lifecycle, port);
    let bound = http::bind(&state.edge.settings).with_context(|| format!("can't listen on port {port}"))?;
    let server = bound.serve_health(Arc::new(state)).context("can't serve health")?;
    let handle = server.handle();
    tokio::spawn(server);
    lifecycle.started();
    Ok(Some((handle, lifecycle)))
}
