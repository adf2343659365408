//! Is everything well? Liveness, readiness, start-up, and the report of all components.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ports::{Cache, Copies, EventBroker, Mailer, Store};
use serde::Serialize;
use utoipa::ToSchema;

/// A component that has not answered by then is down. Short, because readiness has to flip within two seconds.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where the process is in its life. Shared with whoever stops it.
#[derive(Debug, Default)]
pub struct Lifecycle {
    started: AtomicBool,
    draining: AtomicBool,
}

impl Lifecycle {
    /// Everything has been set up.
    pub fn started(&self) {
        self.started.store(true, Ordering::SeqCst);
    }

    /// No new work, please: readiness falls.
    pub fn draining(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_started(&self) -> bool {
        self.started.load(Ordering::SeqCst)
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }
}

/// Looks at the components.
pub struct Health {
    store: Arc<dyn Store>,
    mailer: Arc<dyn Mailer>,
    cache: Arc<dyn Cache>,
    broker: Arc<dyn EventBroker>,
    lifecycle: Arc<Lifecycle>,
    /// Migrations only ever go on while we run, so one complete look is enough.
    migrated: AtomicBool,
}

/// `up`, `degraded` (usable, something optional is missing) or `down`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Up,
    Degraded,
    Down,
}

/// One component.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Component {
    pub(crate) status: Status,
    /// How long its answer took.
    pub(crate) latency_ms: u64,
}

/// All components.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub(crate) status: Status,
    pub(crate) version: &'static str,
    pub(crate) components: Components,
}

/// What is looked at.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Components {
    pub(crate) database: Component,
    pub(crate) migrations: Component,
    pub(crate) mail: Component,
    /// Away, everything is read at its source: slower, and no less right.
    pub(crate) cache: Component,
    /// Away, events wait in the outbox.
    pub(crate) broker: Component,
    /// Read replicas, where there are any. Those that are away or behind are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replicas: Option<Component>,
}

impl Health {
    /// Looks at these.
    pub fn new(
        store: Arc<dyn Store>,
        mailer: Arc<dyn Mailer>,
        cache: Arc<dyn Cache>,
        broker: Arc<dyn EventBroker>,
        lifecycle: Arc<Lifecycle>,
    ) -> Self {
        Self { store, mailer, cache, broker, lifecycle, migrated: AtomicBool::new(false) }
    }

    pub(crate) fn is_started(&self) -> bool {
        self.lifecycle.is_started()
    }

    /// Requests can be answered: the database is there, its schema is, and nobody is about to stop us.
    pub(crate) async fn is_ready(&self) -> bool {
        self.is_started()
            && !self.lifecycle.is_draining()
            && self.database().await.status == Status::Up
            && self.migrations().await.status == Status::Up
    }

    pub(crate) async fn report(&self) -> Report {
        let (database, migrations, mail, cache, broker) = tokio::join!(
            self.database(),
            self.migrations(),
            timed(self.mailer.check()),
            timed(self.cache.check()),
            timed(self.broker.check())
        );
        let up = |component: &Component| component.status == Status::Up;
        let replicas = self.replicas();
        let optional = [Some(&mail), Some(&cache), Some(&broker), replicas.as_ref()];
        let complete = optional.into_iter().flatten().all(up);
        let status = match ([&database, &migrations].into_iter().all(up), complete) {
            (false, _) => Status::Down,
            (true, true) => Status::Up,
            (true, false) => Status::Degraded,
        };
        Report {
            status,
            version: env!("CARGO_PKG_VERSION"),
            components: Components { database, migrations, mail, cache, broker, replicas },
        }
    }

    async fn database(&self) -> Component {
        timed(self.store.ping()).await
    }

    /// They are looked at all the time; nothing has to be asked.
    fn replicas(&self) -> Option<Component> {
        let Copies { configured, used } = self.store.relaxed().copies();
        let status = match used {
            _ if configured == 0 => return None,
            0 => Status::Down,
            used if used < configured => Status::Degraded,
            _ => Status::Up,
        };
        Some(Component { status, latency_ms: 0 })
    }

    async fn migrations(&self) -> Component {
        if self.migrated.load(Ordering::Relaxed) {
            return Component { status: Status::Up, latency_ms: 0 };
        }
        let look = async {
            let pending = self.store.pending_migrations().await?;
            let error = || ports::Error::new(ports::Kind::Unavailable, "health.migrations");
            if pending.is_empty() { Ok(()) } else { Err(error()) }
        };
        let component = timed(look).await;
        self.migrated.store(component.status == Status::Up, Ordering::Relaxed);
        component
    }
}

async fn timed(check: impl Future<Output = ports::Result<()>>) -> Component {
    let begun = Instant::now();
    let status = match tokio::time::timeout(PATIENCE, check).await {
        Ok(Ok(())) => Status::Up,
        Ok(Err(_)) | Err(_) => Status::Down,
    };
    Component { status, latency_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX) }
}
