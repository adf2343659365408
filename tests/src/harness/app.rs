//! The application inside this process, with a database of its own.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use application::keys::KeyRing;
use application::{Application, Ask, Meta};
use bootstrap::Overrides;
use bootstrap::api::{self, RunningApi};
use bootstrap::config::{Loaded, Source};
use domain::KeyPurpose;
use futures_util::FutureExt;
use ports::{Clock, JobFilter, Sealer};
use testkit::fakes::{FixedClock, SeededRandom};
use testkit::redis::RedisCorner;
use testkit::services::{require_or_skip, service_answers};
use testkit::temp::TempDir;

use super::Profile;
use super::client::Client;
use super::databases::TestDatabase;
use super::people::{ADMIN_PASSWORD, PASSWORD, Tokens};
use super::wait::PATIENCE;

/// How a test wants the application started.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    clock: Option<Arc<FixedClock>>,
    variables: Vec<(&'static str, &'static str)>,
    service: Option<Service>,
}

/// A server that a test can't do without.
#[derive(Clone, Copy)]
struct Service {
    address: &'static str,
    name: &'static str,
    how: &'static str,
}

impl Setup {
    /// With a clock that only the test moves.
    pub(crate) fn owned_clock() -> Self {
        Self { clock: Some(Arc::new(FixedClock::default())), ..Self::default() }
    }

    /// The same, beginning at the time that other servers have.
    #[allow(clippy::disallowed_methods, reason = "other servers have the real time")]
    pub(crate) fn clock_at_real_time() -> Self {
        Self { clock: Some(Arc::new(FixedClock::at(chrono::Utc::now()))), ..Self::default() }
    }

    /// Only if this server answers; `how` it is started, otherwise.
    pub(crate) fn needing(self, address: &'static str, name: &'static str, how: &'static str) -> Self {
        Self { service: Some(Service { address, name, how }), ..self }
    }

    fn is_possible(&self) -> bool {
        let missing = self.service.filter(|service| !service_answers(service.address));
        if let Some(Service { name, how, .. }) = missing {
            require_or_skip(name, how);
        }
        missing.is_none()
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
    database_url: String,
    data: PathBuf,
}

impl Deref for App {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// What the profile caches in: this process, or a corner of the shared Redis. `Err` when that does not answer.
pub(super) fn corner(profile: Profile) -> Result<Option<RedisCorner>, ()> {
    match profile {
        Profile::Embedded => Ok(None),
        Profile::Postgres | Profile::Mysql => RedisCorner::new().map(Some).ok_or(()),
    }
}

/// Runs one test over a profile. A missing server skips it, loudly.
pub(crate) async fn run(profile: Profile, setup: Setup, case: impl AsyncFn(&App)) {
    if !setup.is_possible() {
        return;
    }
    let Some(database) = TestDatabase::of(profile).await else { return };
    let data = TempDir::new();
    let Ok(corner) = corner(profile) else { return };
    let app = App::start(data.path(), &database, corner.as_ref(), setup).await;
    let outcome = AssertUnwindSafe(case(&app)).catch_unwind().await;
    let outcome = match outcome {
        Ok(()) => AssertUnwindSafe(app.no_jobs_left()).catch_unwind().await,
        failed => failed,
    };
    app.running.stop().await.unwrap();
    outcome.unwrap_or_else(|panic| resume_unwind(panic));
}

impl App {
    async fn start(data: &Path, database: &TestDatabase, corner: Option<&RedisCorner>, setup: Setup) -> Self {
        let mut own = database.variables();
        own.extend(corner.map(|corner| ("CACHE__URL", corner.url())));
        let mut variables: Vec<(&str, &str)> = BASICS.to_vec();
        variables.extend(own.iter().map(|(name, value)| (*name, value.as_str())));
        variables.extend(setup.variables);
        let clock = setup.clock.clone().map(|clock| clock as Arc<dyn Clock>);
        let running = api::start(loaded(data, &variables), Overrides { clock }).await.unwrap();
        let embedded = || format!("sqlite://{}/mainstay.db", data.display());
        let database_url = database.url().unwrap_or_else(embedded);
        Self {
            client: Client::new(running.address),
            clock: setup.clock,
            running,
            database_url,
            data: data.to_owned(),
        }
    }

    fn clock(&self) -> &FixedClock {
        self.clock.as_deref().expect("this test did not ask for an owned clock")
    }

    /// Its key ring, to be turned without a program of its own.
    pub(crate) fn keys(&self) -> &KeyRing {
        &self.running.app.keys
    }

    /// Where its database is, for whoever may do anything with it.
    pub(crate) fn database_url(&self) -> &str {
        &self.database_url
    }

    /// Where it keeps what is embedded.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// To be spoken to from elsewhere.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// What stands behind HTTP.
    pub(crate) fn use_cases(&self) -> &Application {
        &self.running.app
    }

    /// A member whom an operator has made one, too, with SQL.
    pub(crate) async fn second_operator(&self, email: &str) -> Tokens {
        self.newcomer(email).await;
        let promote = format!(
            "INSERT INTO platform_roles (user_id, role_id) SELECT u.id, r.role_id FROM users u, platform_roles r
             WHERE u.email = '{email}'"
        );
        sql(&self.database_url, &promote).await;
        self.login(email, PASSWORD).await
    }

    /// Takes the password of somebody away, as of one who never had one.
    pub(crate) async fn forget_password(&self, email: &str) {
        let forget = format!(
            "DELETE FROM credentials WHERE user_id IN (SELECT id FROM users WHERE email = '{email}')"
        );
        sql(&self.database_url, &forget).await;
    }

    /// The key that signs its access tokens, as PKCS#8: out of the database, opened with the master key beside it.
    pub(crate) async fn signing_key(&self) -> Vec<u8> {
        const KEY: &str = "FROM ring_keys WHERE purpose = 'access-token'";
        let hex =
            if self.database_url.starts_with("postgres") { "encode(sealed, 'hex')" } else { "hex(sealed)" };
        let sealed = text(&self.database_url, &format!("SELECT {hex} {KEY}")).await;
        let byte = |at: usize| u8::from_str_radix(&sealed[at..at + 2], 16).unwrap();
        let sealed: Vec<u8> = (0..sealed.len()).step_by(2).map(byte).collect();
        let random = Arc::new(SeededRandom::default());
        let master = keys_sealed::master_key_file(&self.data.join("master.key"), &*random).unwrap();
        let opener = keys_sealed::AeadSealer::new(vec![master.bytes], random).unwrap();
        opener.open(KeyPurpose::AccessToken, &sealed).unwrap()
    }

    /// What time it is, in seconds.
    pub(crate) fn now(&self) -> i64 {
        self.clock().now().timestamp()
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

    /// What was caused has been done: nothing waits or runs any more, and nothing died that was not meant to.
    async fn no_jobs_left(&self) {
        let begun = Instant::now();
        loop {
            let left = self.jobs_left().await;
            if left.is_empty() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "jobs are left over: {left:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn jobs_left(&self) -> Vec<String> {
        let (mut jobs, mut ask) = (Vec::new(), Ask { limit: Some(100), ..Ask::default() });
        loop {
            let page = self.running.app.jobs.list(&JobFilter::default(), &ask).await.unwrap();
            jobs.extend(page.rows);
            match page.meta {
                Meta::Cursor { next: Some(next), .. } => ask.cursor = Some(next),
                _ => break,
            }
        }
        let left = jobs.iter().filter(|job| match job.status.as_str() {
            "queued" | "running" => true,
            "dead" => !job.kind.starts_with("diagnostics."),
            _ => false,
        });
        left.map(|job| format!("{job:?}")).collect()
    }
}

/// What every start has in common: quick hashes, no fixed port, a known administrator.
pub(super) const BASICS: [(&str, &str); 6] = [
    ("ENVIRONMENT", "test"),
    ("SERVER__PORT", "0"),
    ("DATABASE__MAX_CONNECTIONS", "6"),
    ("AUTH__HASH_MEMORY_KIB", "64"),
    ("AUTH__HASH_ITERATIONS", "1"),
    ("BOOTSTRAP__ADMIN_PASSWORD", ADMIN_PASSWORD),
];

/// A configuration from these variables (later ones win), with its data in `data`.
pub(super) fn loaded(data: &Path, variables: &[(&str, &str)]) -> Loaded {
    let named = variables.iter().map(|(name, value)| (format!("MAINSTAY_{name}"), (*value).to_owned()));
    let mut env: BTreeMap<String, String> = named.collect();
    env.insert("MAINSTAY_DATA_DIR".to_owned(), data.display().to_string());
    let source = Source { dir: data.to_owned(), env };
    bootstrap::configure(&source).unwrap_or_else(|problems| panic!("{problems}"))
}

/// As an operator would with the engine's own shell.
async fn sql(url: &str, statement: &str) {
    use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, SqliteConnection};
    let statement = AssertSqlSafe(statement.to_owned());
    if url.starts_with("sqlite") {
        SqliteConnection::connect(url).await.unwrap().execute(statement).await.unwrap();
    } else if url.starts_with("mysql") {
        MySqlConnection::connect(url).await.unwrap().execute(statement).await.unwrap();
    } else {
        PgConnection::connect(url).await.unwrap().execute(statement).await.unwrap();
    }
}

/// The same: the only column of the only row.
async fn text(url: &str, statement: &str) -> String {
    use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection, SqliteConnection};
    let query = AssertSqlSafe(statement.to_owned());
    if url.starts_with("sqlite") {
        sqlx::query_scalar(query).fetch_one(&mut SqliteConnection::connect(url).await.unwrap()).await.unwrap()
    } else if url.starts_with("mysql") {
        sqlx::query_scalar(query).fetch_one(&mut MySqlConnection::connect(url).await.unwrap()).await.unwrap()
    } else {
        sqlx::query_scalar(query).fetch_one(&mut PgConnection::connect(url).await.unwrap()).await.unwrap()
    }
}
