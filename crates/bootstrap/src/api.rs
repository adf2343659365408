//! The API process: start, serve, stop without failing a request.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use application::{Application, first_start};
use db::Process;
use domain::Email;
use http::{Health, Lifecycle, ServerHandle, State};
use secrecy::SecretString;
use tokio::task::JoinHandle;

use crate::config::{Config, Loaded, TenancyMode};
use crate::core::{
    Overrides, Shared, assemble, connect_with, keep_keys, keep_uses, keys_every, migrate, write_uses,
};
use crate::stop;
use crate::welcome::{self, Admin};
use crate::worker::RunningWorker;

/// An API that serves.
pub struct RunningApi {
    /// Where it listens.
    pub address: SocketAddr,
    /// The use cases, for tests that look behind the HTTP side.
    pub app: Application,
    shared: Shared,
    config: Config,
    lifecycle: Arc<Lifecycle>,
    server: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    worker: Option<RunningWorker>,
    keys: JoinHandle<()>,
    uses: JoinHandle<()>,
    address_file: PathBuf,
}

/// Starts everything and returns once requests are served.
///
/// # Errors
/// With what an operator has to change.
pub async fn start(loaded: Loaded, overrides: Overrides) -> Result<RunningApi> {
    let database = connect_with(&loaded.config, Process::Api, &overrides).await?;
    let bound = http::bind(&http_settings(&loaded.config, loaded.config.server.port)).with_context(|| {
        format!("can't listen on {}:{}", loaded.config.server.host.as_str(), loaded.config.server.port)
    })?;
    let address = bound.address;
    let config = loaded.bound_to(address.port());
    migrate(&config, &database).await?;
    let shared = assemble(&config, database, overrides).await?;
    let admin = create_admin(&config, &shared).await?;

    let lifecycle = Arc::new(Lifecycle::default());
    let worker = config.worker.embedded.then(|| RunningWorker::start(&config, &shared));
    let state = state(&config, &shared, &lifecycle, address.port());
    let server = bound.serve(Arc::new(state), db::dedicate_thread).context("can't serve")?;
    let handle = server.handle();
    let serving = tokio::spawn(server);
    let address_file = config.data_dir.join("api.addr");
    tokio::fs::write(&address_file, address.to_string()).await.context("can't write api.addr")?;
    lifecycle.started();
    tracing::info!(%address, environment = config.environment.as_str(), "the API is ready");
    welcome::print(&config, admin.as_ref());

    let keys = tokio::spawn(keep_keys(shared.app.clone(), keys_every(&config)));
    let uses = tokio::spawn(keep_uses(shared.app.clone()));
    Ok(RunningApi {
        address,
        app: shared.app.clone(),
        shared,
        config,
        lifecycle,
        server: handle,
        serving,
        worker,
        keys,
        uses,
        address_file,
    })
}

impl RunningApi {
    /// Lets readiness fall, waits until balancers have noticed, lets requests and jobs end, leaves.
    ///
    /// # Errors
    /// When the database went away meanwhile; everything has stopped all the same.
    pub async fn stop(self) -> Result<()> {
        self.lifecycle.draining();
        tokio::time::sleep(Duration::from_secs(self.config.server.drain_delay_seconds)).await;
        self.keys.abort();
        self.uses.abort();
        let worker = async {
            match self.worker {
                Some(worker) => worker.stop().await,
                None => Ok(()),
            }
        };
        // Side by side, because both have the same time.
        let ((), worker) = tokio::join!(self.server.stop(true), worker);
        self.serving.await.context("the server panicked")?.context("the server failed")?;
        write_uses(&self.app).await;
        // Nobody shall find an address at which nobody listens; if it is gone already, so much the better.
        let _ = tokio::fs::remove_file(&self.address_file).await;
        self.shared.database.cluster().leave().await.context("could not give the node id back")?;
        worker
    }
}

/// Runs `mainstay-api` until a signal.
pub(crate) async fn run(loaded: Loaded) -> Result<()> {
    let api = start(loaded, Overrides::default()).await?;
    stop::signalled().await?;
    tracing::info!("stopping");
    api.stop().await
}

async fn create_admin(config: &Config, shared: &Shared) -> Result<Option<Admin>> {
    let (email, password) = administrator(config, shared)?;
    let created = first_start::run(&shared.core, &email, &password).await;
    let created = created.context("can't create the platform administrator")?;
    Ok(created.then(|| Admin::of(config, &email, password)))
}

/// Who is to administer an empty database; the password is made up if none is configured.
pub(crate) fn administrator(config: &Config, shared: &Shared) -> Result<(Email, SecretString)> {
    let settings = &config.bootstrap_admin;
    let email = Email::parse(settings.admin_email.as_str()).context("MAINSTAY_BOOTSTRAP__ADMIN_EMAIL")?;
    let password = match &settings.admin_password {
        Some(configured) => configured.clone(),
        None => made_up_password(shared)?,
    };
    Ok((email, password))
}

/// 144 bits as 24 characters of base64url.
fn made_up_password(shared: &Shared) -> Result<SecretString> {
    use base64::Engine;
    let mut bytes = [0; 18];
    shared.random.fill(&mut bytes).context("there is no randomness")?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes).into())
}

fn state(config: &Config, shared: &Shared, lifecycle: &Arc<Lifecycle>, port: u16) -> State {
    let captured = config.mail.url.scheme() == "capture" && !config.environment.is_production();
    State {
        app: shared.app.clone(),
        clock: Arc::clone(&shared.clock),
        health: Health::new(
            shared.database.store(),
            Arc::clone(&shared.core.mailer),
            Arc::clone(&shared.core.cache),
            Arc::clone(&shared.broker),
            Arc::clone(lifecycle),
        ),
        mailbox: captured.then(|| shared.database.store()),
        edge: http::Edge {
            ids: Arc::clone(&shared.core.ids),
            random: Arc::clone(&shared.random),
            lifecycle: Arc::clone(lifecycle),
            settings: http_settings(config, port),
        },
    }
}

/// The state of a process that serves nothing but its health.
pub(crate) fn health_state(config: &Config, shared: &Shared, lifecycle: &Arc<Lifecycle>, port: u16) -> State {
    State { mailbox: None, ..state(config, shared, lifecycle, port) }
}

fn http_settings(config: &Config, port: u16) -> http::Settings {
    let server = &config.server;
    http::Settings {
        host: server.host.as_str().to_owned(),
        port,
        workers: server.workers,
        body_limit: server.body_limit_bytes,
        request_timeout: Duration::from_secs(server.request_timeout_seconds),
        shutdown_timeout: Duration::from_secs(server.shutdown_timeout_seconds),
        cors_origins: server.cors_origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
        trusted_proxies: server.trusted_proxies.clone(),
        tenants: config.tenancy.mode == TenancyMode::Multi,
        docs: !config.environment.is_production(),
        security_contact: format!("mailto:{}", config.bootstrap_admin.admin_email.as_str()),
        errands: config.database.sql_comments,
        secure_cookies: server.public_url.is_https(),
        hsts: server.public_url.is_https() && !config.environment.is_local(),
    }
}
