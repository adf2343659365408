//! The door to everything: what the composition root gets from a URL.

use std::sync::Arc;

use chrono::DateTime;
use domain::Timestamp;
use migrations::assets::{self, AssetStatus};
use ports::{
    Cluster, ColumnCipher, Error, JobLeases, Kind, Locks, OutboxRelay, Result, RevisionMirror, Store, Wakeups,
};
use sea_orm::{ConnectionTrait, Statement};

use crate::cluster::Node;
use crate::conn::{Conn, Pools};
use crate::dialect::Dialect;
use crate::engine::{Engine, Opened};
use crate::error::During;
use crate::jobs::DbLeases;
use crate::locks::DbLocks;
use crate::migrate::{self, Migration};
use crate::outbox::DbRelay;
use crate::raises::Herald;
use crate::replicas::Anywhere;
use crate::rights::{self, Standing};
use crate::settings::Settings;
use crate::store::DbStore;
use crate::wakeups::Wake;

/// A connected database. In the order of a start: [`connect`], [`Database::migrate_up`], [`Database::join`];
/// a unit of work commits only after that. At the end `cluster().leave()`.
pub struct Database {
    engine: Engine,
    pub(crate) opened: Opened,
    wake: Wake,
    node: Arc<Node>,
    mirror: Option<Arc<dyn RevisionMirror>>,
}

/// Connects; changes nothing in the database yet (SQLite: creates the file).
///
/// # Errors
/// `Unavailable` when it can't be reached; `Conflict` when another API serves the same SQLite file;
/// `Unsupported` for other engines; `Internal` for a URL or credentials that can't be right.
pub async fn connect(settings: &Settings) -> Result<Database> {
    let mut engine = Engine::from_settings(settings)?;
    engine.take_role().await?;
    let wake = Wake::new();
    let opened = engine.open(settings, &wake).await?;
    let node = Node::new(engine.clone(), opened.pools.clone(), settings)?;
    Ok(Database { engine, opened, wake, node: Arc::new(node), mirror: settings.mirror.clone() })
}

impl Database {
    /// Applies pending migrations, and the assets on top; one process at a time.
    ///
    /// # Errors
    /// `Unavailable` when the database goes away or another process migrates for longer than a minute.
    pub async fn migrate_up(&self) -> Result<()> {
        migrate::up(&self.engine).await
    }

    /// Takes the newest `steps` migrations back, with their data.
    ///
    /// # Errors
    /// As [`Database::migrate_up`].
    pub async fn migrate_down(&self, steps: u32) -> Result<()> {
        migrate::down(&self.engine, steps).await
    }

    /// Drops every table with its rows, whoever made it, and migrates anew.
    ///
    /// # Errors
    /// As [`Database::migrate_up`].
    pub async fn migrate_fresh(&self) -> Result<()> {
        migrate::fresh(&self.engine).await
    }

    /// How the views, triggers, routines and schedules are.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn asset_status(&self) -> Result<Vec<AssetStatus>> {
        assets::status(&self.engine.owner().await?).await.during("db.asset_status")
    }

    /// Makes them what this program has. The names of what had to change.
    ///
    /// # Errors
    /// As [`Database::migrate_up`].
    pub async fn apply_assets(&self) -> Result<Vec<String>> {
        migrate::assets_up(&self.engine).await
    }

    /// Takes one away and what requires it, or all. The names of what is gone.
    ///
    /// # Errors
    /// As [`Database::migrate_up`].
    pub async fn drop_assets(&self, name: Option<&str>) -> Result<Vec<String>> {
        migrate::assets_down(&self.engine, name).await
    }

    /// The migrations that this program knows, oldest first.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn migration_status(&self) -> Result<Vec<Migration>> {
        migrate::status(&self.engine.owner().await?).await
    }

    /// Takes a node id and starts the heartbeat. Takes two seconds when others are alive, see [`crate::cluster`].
    ///
    /// # Errors
    /// `Conflict` when the configured node id is another living process's, or none is free.
    pub async fn join(&self) -> Result<()> {
        self.node.join().await
    }

    /// Reads, and the beginning of units of work.
    pub fn store(&self) -> Arc<dyn Store> {
        let herald = Herald { mirror: self.mirror.clone(), lease: self.node.lease() };
        let replicas = self.opened.replicas.clone();
        let anywhere = Conn(Anywhere { primary: self.opened.pools.clone(), replicas });
        Arc::new(DbStore { conn: self.conn(), anywhere, wake: self.wake.clone(), herald })
    }

    /// The workers' side of the job table.
    pub fn leases(&self) -> Arc<dyn JobLeases> {
        Arc::new(DbLeases { conn: self.conn(), wake: self.wake.clone() })
    }

    /// The relay's side of the outbox.
    pub fn outbox(&self) -> Arc<dyn OutboxRelay> {
        Arc::new(DbRelay { conn: self.conn(), wake: self.wake.clone() })
    }

    /// Locks, by the server's clock.
    pub fn locks(&self) -> Arc<dyn Locks> {
        Arc::new(DbLocks { conn: self.conn() })
    }

    /// A new handle to wait with: one for each waiting loop.
    pub fn wakeups(&self) -> Arc<dyn Wakeups> {
        Arc::new(self.wake.waiter())
    }

    /// What encrypts columns; it needs its keys before encrypted values can be read or written.
    pub fn cipher(&self) -> Arc<dyn ColumnCipher> {
        Arc::clone(&self.opened.pools.cipher)
    }

    /// This process among its siblings.
    pub fn cluster(&self) -> Arc<dyn Cluster> {
        Arc::clone(&self.node) as Arc<dyn Cluster>
    }

    /// What it tells of the revisions that are raised, if anything.
    pub fn mirror(&self) -> Option<Arc<dyn RevisionMirror>> {
        self.mirror.clone()
    }

    /// The server's clock, to compare with the host's.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn server_time(&self) -> Result<Timestamp> {
        const OPERATION: &str = "db.server_time";
        let connection = &self.opened.pools.read;
        let sql = format!("SELECT {}", Dialect::of(connection).now_millis());
        let millis = self.scalar(sql, OPERATION).await?;
        millis.and_then(DateTime::from_timestamp_millis).ok_or_else(|| Error::new(Kind::Internal, OPERATION))
    }

    /// What the service could do to the database. `None` on SQLite, which knows no roles.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn standing(&self) -> Result<Option<Standing>> {
        let standing = rights::standing(self.opened.pools.write.plain()).await.during("db.standing")?;
        let reader = self.engine.reader().map(str::to_owned);
        Ok(standing.map(|standing| Standing {
            reads_of_all: standing.reads_of_all && reader.is_none(),
            reader,
            ..standing
        }))
    }

    pub(crate) async fn scalar<T: sea_orm::TryGetable>(
        &self,
        sql: String,
        operation: &'static str,
    ) -> Result<Option<T>> {
        let connection = &self.opened.pools.read;
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await.during(operation)?;
        row.map(|row| row.try_get_by(0)).transpose().during(operation)
    }

    fn conn(&self) -> Conn<Pools> {
        Conn(self.opened.pools.clone())
    }
}
